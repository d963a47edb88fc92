import CRdKafka
import Glibc

/// What the load generator does with its clients.
extension RawKafka {
    /// Queues a request; false if librdkafka's queue is full.
    func produce(_ body: [UInt8], to topic: String, correlationID: String) -> Bool {
        let headers = rd_kafka_headers_new(1)
        rd_kafka_header_add(headers, "correlation-id", -1, correlationID, correlationID.utf8.count)
        if body.withUnsafeBytes({ produce($0, to: topic, headers: headers) }) { return true }
        rd_kafka_headers_destroy(headers)
        return false
    }

    /// Assigns every partition of `topic`, from its present end on.
    func readFromEnd(of topic: String) throws(LoadError) {
        var positions: [(topic: String, partition: Int32, offset: Int64)] = []
        for partition in try partitionsOf(topic) {
            var low: Int64 = 0
            var high: Int64 = 0
            try check(rd_kafka_query_watermark_offsets(handle, topic, partition, &low, &high, 10_000))
            positions.append((topic, partition, high))
        }
        try assign(positions)
    }

    /// A topic that does not exist yet may appear by being asked for, and takes a moment for it.
    private func partitionsOf(_ topic: String) throws(LoadError) -> Range<Int32> {
        let reference = rd_kafka_topic_new(handle, topic, nil)
        defer { rd_kafka_topic_destroy(reference) }
        let deadline = Clock.monotonic + 10_000_000_000
        repeat {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            try check(rd_kafka_metadata(handle, 0, reference, &metadata, 10_000))
            guard let metadata else { continue }
            defer { rd_kafka_metadata_destroy(metadata) }
            if metadata.pointee.topic_cnt == 1, metadata.pointee.topics[0].partition_cnt > 0 {
                return 0..<metadata.pointee.topics[0].partition_cnt
            }
            usleep(50_000)
        } while Clock.monotonic < deadline
        throw LoadError(message: "the reply topic '\(topic)' does not exist")
    }

    /// Waits for a record, at most 50 ms, and hands over what its headers say. Of a stream only the end counts.
    func poll(_ receive: (LoadBooks.Reply) -> Void) {
        _ = consume(waiting: 50) { record in
            if record.header("x-relay-stream-index") != nil, record.header("x-relay-stream-end") != "true" { return }
            guard let correlationID = record.header("correlation-id") else { return }
            let status = record.header("x-relay-status") ?? "none"
            receive(LoadBooks.Reply(correlationID: correlationID, status: status))
        }
    }
}
