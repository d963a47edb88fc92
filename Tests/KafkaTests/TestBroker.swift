import Kafka
import Logging
import Simulator

/// Mock brokers and the settings that suit them (spec/platform: they do not wake a waiting fetch).
struct TestBroker: Sendable {
    let cluster: KafkaMockCluster

    /// Shared by tests that do not take brokers down: clusters cost threads, group joins cost seconds.
    static let shared = Result { try TestBroker() }

    init(brokers: Int = 1) throws { cluster = try KafkaMockCluster(brokers: brokers) }

    var properties: [KafkaProperty] { [KafkaProperty("bootstrap.servers", cluster.bootstrapServers)] }

    func consumerProperties(group: String) -> [KafkaProperty] {
        properties + [
            KafkaProperty("group.id", group), KafkaProperty("session.timeout.ms", "6000"),
            KafkaProperty("heartbeat.interval.ms", "300"), KafkaProperty("fetch.wait.max.ms", "10"),
        ]
    }
}

let quiet = Logger(level: .error, format: .text)
