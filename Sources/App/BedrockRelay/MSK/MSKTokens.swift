import Bedrock
import Configuration
import EventLoop
import HTTP
import Kafka
import Logging
import Time

/// `sasl.mechanisms: AWS_MSK_IAM`: Kafka's clients log in with tokens that are made from AWS credentials.
enum MSKTokens {
    /// The properties for Kafka's clients, with the source of their tokens where they need one.
    @RequestPath
    static func properties(
        of configuration: ServiceConfiguration, http: HTTPClient, logger: Logger
    ) throws(MSKConfigurationError) -> [KafkaProperty] {
        let properties = configuration.kafka.revealed
        guard let identity = try identity(of: configuration) else { return properties }
        let tokens = MSKTokenSource(identity, http: http, time: SystemTime(), logger: logger)
        let source = KafkaTokenSource { () async throws(KafkaTokenSource.Failure) in
            do throws(MSKTokenFailure) {
                let token = try await tokens.token()
                // The broker takes the name from the token.
                return KafkaTokenSource.Token(
                    value: token.text, expiration: token.expiration, principal: "bedrock-relay")
            } catch {
                throw KafkaTokenSource.Failure(message: error.message)
            }
        }
        return properties + [.tokens(from: source)]
    }

    /// For commands, which have no HTTP client of their own: the token source keeps one.
    @RequestPath
    static func properties(
        of configuration: ServiceConfiguration, logger: Logger
    ) throws(MSKConfigurationError) -> [KafkaProperty] {
        guard configuration.kafka.msk != nil else { return configuration.kafka.revealed }
        let settings = HTTPClient.Settings(configuration.relay, environment: configuration.environment.reveal())
        return try properties(of: configuration, http: HTTPClient(settings: settings, logger: logger), logger: logger)
    }

    /// Whose tokens they are; nil: another mechanism is configured.
    static func identity(of configuration: ServiceConfiguration) throws(MSKConfigurationError) -> MSKIdentity? {
        guard configuration.kafka.msk != nil else { return nil }
        return try MSKIdentity(
            brokers: configuration.kafka.brokers, environment: configuration.environment.reveal())
    }
}
