import CRdKafka
public import EventLoop
public import Logging
public import Partitions
public import Time

/// Copies records of one topic to others, each copy exactly once, however often it is interrupted and started again.
///
/// Copies and the progress past their sources are written in one transaction: both become visible, or neither. Progress
/// belongs to a consumer group that nobody joins; the transactional id keeps movers apart: a new one ends what an earlier
/// one left open and shuts that one out. To be closed before it is let go.
@RequestPath
public final class KafkaMover {
    /// What is known of one partition at the start.
    public struct Source: Sendable {
        public var progress: CommittedPosition
        /// The offsets that the log holds now; what comes later is not for this run.
        public var offsets: Range<Offset>
    }

    private let topic: String
    private let group: String
    private let consumer: ClientInstance
    private let producer: ClientInstance
    private let onError: @RequestPath (KafkaError) -> Void
    private var queues: [TopicPartition: PartitionQueue] = [:]
    private var recordsReady = Signal()

    /// Readers of the target topics wait behind an open transaction: one that a crash left open must end soon.
    private static let transactionTimeout = "10000"

    /// `properties` as for the consumer and the producer of the service; `group` names the progress.
    public init(
        properties: [KafkaProperty], topic: String, group: String, logger: Logger,
        onError: @escaping @RequestPath (KafkaError) -> Void
    ) throws(KafkaError) {
        self.topic = topic
        self.group = group
        self.onError = onError
        // Nobody joins, and this one is the service's.
        let shared = properties.filter { $0.name != "group.instance.id" }
        let reading = [
            KafkaProperty("group.id", group), KafkaProperty("isolation.level", "read_committed"),
            KafkaProperty("auto.offset.reset", "earliest"), KafkaProperty("enable.partition.eof", "true"),
        ]
        let writing = [
            KafkaProperty("transactional.id", group),
            KafkaProperty("transaction.timeout.ms", Self.transactionTimeout),
            KafkaProperty("message.timeout.ms", Self.transactionTimeout),
        ]
        let consumerConfiguration = try KafkaClientConfiguration(properties: shared + reading, role: .consumer)
        let producerConfiguration = try KafkaClientConfiguration(properties: shared + writing, role: .producer)
        consumer = try ClientInstance(consumerConfiguration, role: .consumer, logger: logger)
        producer = try ClientInstance(producerConfiguration, role: .producer, logger: logger)
        for client in [consumer, producer] { client.onEvent = { [weak self] in self?.handle($0) } }
    }

    /// Shuts out earlier movers of this group and ends what they left open. Without it nothing can be moved.
    public func fence(deadline: Instant) async throws(KafkaError) {
        try await blocking(producer, deadline) { handle, milliseconds in
            KafkaError.check(taking: rd_kafka_init_transactions(handle.raw, milliseconds))
        }
    }

    /// Where to go on, and up to where. Throws when the topic does not exist.
    public func sources(deadline: Instant) async throws(KafkaError) -> [TopicPartition: Source] {
        let (topic, milliseconds) = (topic, deadline.millisecondsLeft)
        let sources = await consumer.blocking(until: deadline) { $0.sources(of: topic, milliseconds: milliseconds) }
        guard let sources else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        return try sources.get()
    }

    /// The number of partitions of `topic`; 0 when it does not exist.
    public func partitionCount(of topic: String, deadline: Instant) async throws(KafkaError) -> Int32 {
        let milliseconds = deadline.millisecondsLeft
        let count = await producer.blocking(until: deadline) {
            $0.partitionCount(of: topic, milliseconds: milliseconds)
        }
        guard let count else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        return try count.get()
    }

    /// Starts reading at these positions.
    public func read(from positions: [TopicPartition: Offset]) throws(KafkaError) {
        for partition in positions.keys {
            queues[partition] = PartitionQueue(partition, of: consumer.handle) { [weak self] in
                self?.recordsReady.fire()
            }
        }
        let list = TopicPartitionList(Array(positions.keys), from: positions)
        if let error = KafkaError.check(rd_kafka_assign(consumer.handle.raw, list.raw)) { throw error }
    }

    /// The next record of a partition, nil when there is none now.
    public func poll(_ partition: TopicPartition) -> ConsumerRecord? {
        queues[partition]?.next(onError: onError)
    }

    /// Whether everything below `end` has been polled. The last offsets may be transactions' markers, which are no records:
    /// then the brokers tell that the log ends. Where they say so too early, as a new leader may that knows less than the
    /// old one, there is more to come.
    public func hasReached(_ end: Offset, in partition: TopicPartition) -> Bool {
        queues[partition]?.endMet.map { $0 >= end } ?? false
    }

    /// Suspends until there is something to poll; false when `deadline` came first.
    public func untilReady(deadline: Instant) async -> Bool {
        let isReady = await recordsReady.wait(until: deadline)
        recordsReady = Signal()
        return isReady
    }

    /// Writes `records` and `progress` in one transaction, tried again until `deadline`.
    public func move(
        _ records: [ProducerRecord], progress: [TopicPartition: CommittedPosition], deadline: Instant
    ) async throws(KafkaError) {
        let group = group
        try await blocking(producer, deadline) { handle, _ in
            Transaction(handle: handle, deadline: deadline).write(records, progress: progress, of: group)
        }
    }

    public func close(deadline: Instant) async {
        for queue in queues.values { queue.close() }
        queues = [:]
        rd_kafka_assign(consumer.handle.raw, nil)
        _ = await consumer.destroy(deadline: deadline)
        rd_kafka_purge(producer.handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        _ = await producer.destroy(deadline: deadline)
    }

    private func blocking(
        _ client: ClientInstance, _ deadline: Instant,
        _ call: @escaping @Sendable (ClientHandle, _ milliseconds: Int32) -> KafkaError?
    ) async throws(KafkaError) {
        let milliseconds = deadline.millisecondsLeft
        // A little later than librdkafka's own deadline, whose error says more.
        let result = await client.blocking(until: deadline.advanced(by: .seconds(2))) { call($0, milliseconds) }
        switch result {
        case .some(nil): return
        case .some(.some(let error)): throw error
        case nil: throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
    }

    private func handle(_ event: OpaquePointer) {
        guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR else { return }
        let text = rd_kafka_event_error_string(event).map { String(cString: $0) }
        onError(KafkaError(rd_kafka_event_error(event), message: text))
    }
}

extension ClientHandle {
    /// The progress and the ends of every partition of `topic`. Blocks.
    fileprivate func sources(
        of topic: String, milliseconds: Int32
    ) -> Result<[TopicPartition: KafkaMover.Source], KafkaError> {
        let count: Int32
        switch partitionCount(of: topic, milliseconds: milliseconds) {
        case .failure(let error): return .failure(error)
        case .success(let known): count = known
        }
        guard count > 0 else {
            return .failure(
                KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, message: "topic \(topic) does not exist"))
        }
        let list = TopicPartitionList((0..<count).map { TopicPartition(topic: topic, partition: $0) })
        if let error = KafkaError.check(rd_kafka_committed(raw, list.raw, milliseconds)) { return .failure(error) }
        var sources: [TopicPartition: KafkaMover.Source] = [:]
        for element in list.elements {
            if let error = element.error { return .failure(error) }
            var (low, high) = (Int64(0), Int64(0))
            let code = rd_kafka_query_watermark_offsets(
                raw, topic, element.partition.partition, &low, &high, milliseconds)
            if let error = KafkaError.check(code) { return .failure(error) }
            sources[element.partition] = KafkaMover.Source(
                progress: CommittedPosition(offset: element.offset, metadata: element.metadata),
                offsets: Offset(low)..<Offset(max(low, high)))
        }
        return .success(sources)
    }
}
