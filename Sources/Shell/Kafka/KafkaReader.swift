import CRdKafka
public import EventLoop
public import Logging
public import Partitions
public import Time

/// Reads whole topics without joining a group: from their present end, for requesters that wait for replies, or from
/// some time ago, for what instances tell each other.
@RequestPath
public final class KafkaReader {
    /// Told every record from where `follow` began.
    public var onRecord: @RequestPath (ConsumerRecord) -> Void = { _ in }

    private let client: ClientInstance
    private let logger: Logger
    private var positions: [TopicPartition: Offset] = [:]
    private var queues: [PartitionQueue] = []

    /// `properties` as for a consumer. The group id is one of our own: it is never joined, and nothing is committed.
    public init(properties: [KafkaProperty], logger: Logger) throws(KafkaError) {
        let own = [KafkaProperty("group.id", "bedrock-relay.reader"), KafkaProperty("auto.offset.reset", "latest")]
        let configuration = try KafkaClientConfiguration(properties: properties + own, role: .consumer)
        client = try ClientInstance(configuration, role: .consumer, logger: logger)
        self.logger = logger
        client.onEvent = { [weak self] event in self?.handle(event) }
    }

    /// Reads `topic` on from where it ends now, or from its first record at or after `start`. When this returns the
    /// positions are known, so nothing that is appended later is missed. Throws when the topic does not exist or the brokers do not answer by `deadline`.
    public func follow(_ topic: String, since start: Instant? = nil, deadline: Instant) async throws(KafkaError) {
        let milliseconds = Int32(clamping: Int(deadline.since(EventLoop.shared.now).inMilliseconds))
        let found = await client.blocking(until: deadline) { handle in
            handle.positions(in: topic, since: start, milliseconds: max(1, milliseconds))
        }
        switch found {
        case .success(let found): positions.merge(found) { $1 }
        case .failure(let error): throw error
        case nil: throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        read(topic)
    }

    public func close(deadline: Instant) async {
        for queue in queues { queue.close() }
        queues = []
        rd_kafka_assign(client.handle.raw, nil)
        _ = await client.destroy(deadline: deadline)
    }

    private func read(_ topic: String) {
        for partition in positions.keys where partition.topic == topic {
            let ready = ReadyQueue()
            guard
                let queue = PartitionQueue(
                    partition, of: client.handle,
                    onReady: { [weak self] in
                        if let queue = ready.queue { self?.drain(queue) }
                    })
            else { continue }
            ready.queue = queue
            queues.append(queue)
        }
        let list = TopicPartitionList(Array(positions.keys), from: positions)
        if let error = KafkaError.check(rd_kafka_assign(client.handle.raw, list.raw)) {
            logger.error("reader cannot start", ["topic": .string(topic), "reason": .string(error.description)])
        }
    }

    private func drain(_ queue: PartitionQueue) {
        while let record = queue.next(onError: { warn($0) }) {
            // A later `follow` assigns anew, from here.
            positions[record.source] = record.offset.next
            onRecord(record)
        }
    }

    private func handle(_ event: OpaquePointer) {
        guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR else { return }
        warn(
            KafkaError(
                rd_kafka_event_error(event), message: rd_kafka_event_error_string(event).map { String(cString: $0) }))
    }

    private func warn(_ error: KafkaError) {
        logger.warning("kafka_reader", ["error": .string(error.description)])
    }
}

/// Ties a queue to the handler that was needed to make it.
@RequestPath
private final class ReadyQueue {
    weak var queue: PartitionQueue?
}

extension ClientHandle {
    /// Without an answer by time, at most this many records of a partition are read back.
    private static let longestLookBack: Int64 = 10_000

    /// Where to begin in each partition of `topic`: at its end, or at the first record since `start`. Blocks.
    fileprivate func positions(
        in topic: String, since start: Instant?, milliseconds: Int32
    ) -> Result<[TopicPartition: Offset], KafkaError> {
        switch partitionCount(of: topic, milliseconds: milliseconds) {
        case .failure(let error): return .failure(error)
        case .success(0):
            return .failure(
                KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, message: "topic \(topic) does not exist"))
        case .success(let count):
            var ends: [TopicPartition: Offset] = [:]
            for partition in 0..<count {
                var (low, high) = (Int64(0), Int64(0))
                let code = rd_kafka_query_watermark_offsets(raw, topic, partition, &low, &high, milliseconds)
                if let error = KafkaError.check(code) { return .failure(error) }
                let source = TopicPartition(topic: topic, partition: partition)
                guard let start else {
                    ends[source] = Offset(high)
                    continue
                }
                let earliest = max(low, high - Self.longestLookBack)
                ends[source] = offset(in: source, since: start, milliseconds: milliseconds) ?? Offset(earliest)
            }
            return .success(ends)
        }
    }

    /// The first record of `partition` since `start`; nil when there is none, or a broker cannot tell.
    private func offset(in partition: TopicPartition, since start: Instant, milliseconds: Int32) -> Offset? {
        let list = TopicPartitionList([partition], from: [partition: Offset(start.unixMilliseconds)])
        guard rd_kafka_offsets_for_times(raw, list.raw, milliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return list.elements.first.flatMap { $0.error == nil ? $0.offset : nil }
    }
}
