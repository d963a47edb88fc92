import CRdKafka

/// The least of a Kafka producer: what the mock cluster's tests need to see it from outside.
final class RawKafkaClient {
    private let handle: OpaquePointer

    init(bootstrapServers: String) {
        let configuration = rd_kafka_conf_new()
        for (name, value) in [
            ("bootstrap.servers", bootstrapServers), ("log_level", "0"), ("message.timeout.ms", "10000"),
            ("reconnect.backoff.ms", "20"), ("reconnect.backoff.max.ms", "100"), ("retries", "0"), ("linger.ms", "0"),
        ] {
            precondition(rd_kafka_conf_set(configuration, name, value, nil, 0) == RD_KAFKA_CONF_OK)
        }
        rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, _ in
            guard let result = message?.pointee._private else { return }
            result.assumingMemoryBound(to: Int32.self).pointee = message?.pointee.err.rawValue ?? 0
        }
        guard let handle = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else {
            preconditionFailure("librdkafka refused a client with plain settings")
        }
        self.handle = handle
    }

    deinit { rd_kafka_destroy(handle) }

    /// Produces one record and returns its delivery report's code: 0, or the Kafka error.
    func produce(_ value: String, to topic: String) -> Int32 {
        let undelivered = Int32.max
        // The delivery callback writes here; it outlives the wait, so a late report finds it too.
        let report = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        report.initialize(to: undelivered)
        let raw = rd_kafka_topic_new(handle, topic, nil)
        defer { rd_kafka_topic_destroy(raw) }
        var bytes = Array(value.utf8)
        let accepted = rd_kafka_produce(
            raw, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, &bytes, bytes.count, nil, 0, report)
        guard accepted == 0 else {
            report.deallocate()
            return rd_kafka_last_error().rawValue
        }
        while report.pointee == undelivered { rd_kafka_poll(handle, 100) }
        defer { report.deallocate() }
        return report.pointee
    }

    /// The number of partitions per topic, and the brokers' count.
    func metadata() -> (brokers: Int, partitions: [String: Int])? {
        var raw: UnsafePointer<rd_kafka_metadata>?
        guard rd_kafka_metadata(handle, 1, nil, &raw, 2000) == RD_KAFKA_RESP_ERR_NO_ERROR, let raw else { return nil }
        defer { rd_kafka_metadata_destroy(raw) }
        var partitions: [String: Int] = [:]
        for index in 0..<Int(raw.pointee.topic_cnt) {
            let topic = raw.pointee.topics[index]
            partitions[String(cString: topic.topic)] = Int(topic.partition_cnt)
        }
        return (Int(raw.pointee.broker_cnt), partitions)
    }
}
