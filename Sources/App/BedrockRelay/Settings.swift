import Configuration
import HTTP
import Kafka
import Partitions
import Pipeline
import Routing

// Configuration's sections as the settings of the parts: the one place where they meet.

extension ServiceConfiguration {
    /// The configured model groups, each once, in order.
    var modelGroups: [String] {
        var seen: Set<String> = []
        return deployments.map(\.group).filter { seen.insert($0).inserted }
    }
}

extension KafkaSection {
    /// The properties for librdkafka, which is the only reader of the secrets among them. With AWS_MSK_IAM they need
    /// a token source beside them: `MSKTokens.properties` adds it.
    var revealed: [KafkaProperty] {
        let written = properties.map { KafkaProperty($0.name, $0.value.reveal()) }
        guard let msk else { return written }
        // A token must not travel in clear text, so TLS is what there is without a word.
        return [KafkaProperty("security.protocol", "SASL_SSL")]
            + written.map { $0.name == msk.name ? KafkaProperty($0.name, "OAUTHBEARER") : $0 }
    }

    var brokers: String { value(of: "bootstrap.servers") ?? value(of: "metadata.broker.list") ?? "" }

    var groupID: String { value(of: "group.id") ?? "bedrock-relay" }

    func value(of name: String) -> String? { properties.last { $0.name == name }?.value.reveal() }

    /// How often librdkafka tells its statistics.
    var statisticsInterval: Duration { .milliseconds(value(of: "statistics.interval.ms").flatMap { Int($0) } ?? 5000) }

    /// What may be behind `error` that its text does not tell.
    func hint(for error: KafkaError) -> String? {
        let mechanism = value(of: "sasl.mechanisms") ?? value(of: "sasl.mechanism") ?? ""
        guard error.name.hasSuffix("AUTHENTICATION") || error.name.hasSuffix("AUTHENTICATION_FAILED"),
            mechanism.uppercased().hasPrefix("SCRAM")
        else { return nil }
        return
            "if name and password are right: librdkafka before 2.6.1 breaks a rule of SCRAM that brokers before 3.8.1 "
            + "may insist on (#4895)"
    }
}

extension RelaySection {
    var replyTopics: ReplyTopics {
        let ownTopics = requestTopics + [metricsTopic, otlpMetricsTopic, deadLetterTopic, stateTopic].compactMap { $0 }
        return ReplyTopics(defaultTopic: replyTopic, allowed: allowedReplyTopics, ownTopics: ownTopics)
    }

    var handlerSettings: RequestHandler.Settings {
        RequestHandler.Settings(replyTopics: replyTopics, requestDeadline: requestDeadline)
    }

    var consumerSettings: ConsumerLoop.Settings {
        ConsumerLoop.Settings(
            scheduler: SchedulerSettings(
                partitionConcurrency: partitionConcurrency, maxInFlight: maxInFlight,
                maxBufferedBytes: maxBufferedBytes,
                ordering: ordering.schedulerOrdering),
            drainGrace: shutdownGrace)
    }
}

extension RelaySection.Ordering {
    var schedulerOrdering: Partitions.Ordering {
        switch self {
        case .unordered: .unordered
        case .key: .key
        case .partition: .partition
        }
    }
}

extension HTTPClient.Settings {
    init(_ relay: RelaySection, environment: [String: String]) {
        self.init()
        version =
            switch relay.httpVersion {
            case .automatic: .automatic
            case .http1: .http1
            }
        caBundle = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
}
