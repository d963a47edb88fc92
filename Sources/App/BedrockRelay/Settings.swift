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
    /// The properties for librdkafka, which is the only reader of the secrets among them.
    var revealed: [KafkaProperty] { properties.map { KafkaProperty($0.name, $0.value.reveal()) } }

    var groupID: String { value(of: "group.id") ?? "bedrock-relay" }

    func value(of name: String) -> String? { properties.last { $0.name == name }?.value.reveal() }
}

extension RelaySection {
    var replyTopics: ReplyTopics {
        let ownTopics = requestTopics + [metricsTopic, otlpMetricsTopic, deadLetterTopic, stateTopic].compactMap { $0 }
        return ReplyTopics(defaultTopic: replyTopic, allowed: allowedReplyTopics, ownTopics: ownTopics)
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
        caBundle = environment["AWS_CA_BUNDLE"] ?? environment["SSL_CERT_FILE"]
    }
}
