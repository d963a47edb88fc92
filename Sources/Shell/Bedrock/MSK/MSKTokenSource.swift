public import EventLoop
public import HTTP
public import Logging
import Redaction
import Routing
public import Time

/// Makes MSK's IAM tokens from the credentials that this process has: the chain that deployments without credentials of
/// their own use, with its refreshes.
@RequestPath
public final class MSKTokenSource {
    private let identity: MSKIdentity
    private let store: CredentialStore
    private let time: any TimeSource
    private let signer = SigV4Signer()

    /// How long a connection waits for credentials that are still to be fetched.
    private static let patience = Duration.seconds(30)

    public init(_ identity: MSKIdentity, http: HTTPClient, time: any TimeSource, logger: Logger) {
        self.identity = identity
        self.time = time
        store = CredentialStore(environment: identity.environment, http: http, time: time, logger: logger)
        store.serve([identity.source])
    }

    /// A new token. Throws why there is none; another try may succeed.
    public func token() async throws(MSKTokenFailure) -> MSKAuthToken {
        do throws(CredentialFailure) {
            let keys = try await store.identity(for: identity.source).credentials(within: Self.patience)
            return MSKAuthToken(
                region: identity.region, credentials: keys.credentials, userAgent: "bedrock-relay", at: time.now,
                signer: signer)
        } catch {
            throw MSKTokenFailure(message: error.message)
        }
    }
}

/// Whose tokens an MSK cluster is shown, as found in the environment. Reads files, and touches no network.
public struct MSKIdentity: Sendable {
    /// Where the cluster is.
    public let region: String
    /// Where the keys come from: never a secret.
    public let description: String
    let environment: [String: String]
    let source: CredentialSource

    /// `brokers`: `bootstrap.servers`. MSK's own host names tell the region; for others a variable must.
    public init(brokers: String, environment: [String: String]) throws(MSKConfigurationError) {
        let named = ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"].lazy.compactMap { environment[$0] }
        guard let region = Self.region(of: brokers) ?? named.first(where: { !$0.isEmpty }) else {
            throw MSKConfigurationError(
                message: "AWS_MSK_IAM needs the cluster's region: it is not in bootstrap.servers, so set AWS_REGION")
        }
        do throws(CredentialError) {
            // No deployment's own parameters, but the rest of the order that deployments have.
            let found = try CredentialProvider(
                BedrockDeployment(id: DeploymentID("kafka"), model: ""), region: region,
                environment: environment.filter { $0.key != "AWS_BEARER_TOKEN_BEDROCK" },
                profiles: SharedProfiles(environment: environment))
            guard found.source != .missing else {
                throw CredentialError(key: "AWS_MSK_IAM", message: "no AWS credentials were found")
            }
            (source, description) = (found.source, found.description)
        } catch {
            throw MSKConfigurationError(message: "\(error.key): \(error.message)")
        }
        self.region = region
        self.environment = environment
    }

    /// `b-1.demo.abc123.c2.kafka.us-east-1.amazonaws.com:9098`, `boot-abc.c1.kafka-serverless.us-east-1.amazonaws.com:9098`.
    static func region(of brokers: String) -> String? {
        for broker in brokers.split(separator: ",") {
            let host = broker.drop { $0 == " " }.prefix { $0 != ":" }
            guard host.contains(".amazonaws.") else { continue }
            let labels = host.split(separator: ".")
            guard let service = labels.firstIndex(where: { $0 == "kafka" || $0 == "kafka-serverless" }),
                labels.indices.contains(service + 1)
            else { continue }
            return String(labels[service + 1])
        }
        return nil
    }
}

/// Why there can be no tokens, ever.
public struct MSKConfigurationError: Error, Hashable, Sendable {
    public let message: String
}

/// Why there is no token now.
public struct MSKTokenFailure: Error, Hashable, Sendable {
    public let message: String
}
