/// Settings that all Kafka clients of a run share.
enum KafkaTuning {
    /// The mock broker does not wake a waiting fetch when a record arrives: whoever waits long learns late.
    static let fetchWaitMilliseconds = 1

    /// What producers wait for more records to send along: `config/relay.yaml`'s value under load, the relay's default
    /// where latency is measured.
    static let lingerUnderLoad = 5.0
    static let lingerForLatency = 0.2

    /// What the raw programs read and write with: as the relay does, so that the difference is the relay's own.
    static func consumer(_ brokers: String) -> [String: String] {
        [
            "bootstrap.servers": brokers, "group.id": "bench-raw", "enable.auto.commit": "false",
            "fetch.wait.max.ms": "\(fetchWaitMilliseconds)", "socket.nagle.disable": "true",
        ]
    }

    static func producer(_ brokers: String, linger: Double) -> [String: String] {
        [
            "bootstrap.servers": brokers, "enable.idempotence": "true", "acks": "all", "linger.ms": "\(linger)",
            "compression.type": "lz4", "socket.nagle.disable": "true",
        ]
    }
}
