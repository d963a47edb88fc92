import CRdKafka
public import EventLoop
public import Logging
public import Partitions
public import Time

/// An idempotent producer.
///
/// Records are produced in the order they are given. A full local queue makes them wait; a fatal error of the instance
/// (before librdkafka 2.3.0 a disconnect at the wrong moment is one, #4438) makes a new instance, which gets what the old
/// one had not delivered. To be closed before it is let go.
@RequestPath
public final class KafkaProducer {
    private let properties: [KafkaProperty]
    let logger: Logger
    private let onFatal: @RequestPath (KafkaError) -> Void

    /// Nil while a new instance is to be made, and after `close`.
    private(set) var client: ClientInstance?
    private var isClosed = false
    private var outstanding = OutstandingRecords()
    /// Slots of records that librdkafka is still to take, in order.
    private var waiting = Queue<Int>()
    private var allDelivered = Signal()
    private var restartPace = RestartPace()
    private let topics = TopicLookups()

    private var postedBytes = 0
    /// Records given to `post` that could not be delivered.
    public private(set) var failedPosts = 0
    /// Instances that were replaced after a fatal error.
    public private(set) var restarts = 0

    /// `onFatal` is told of each fatal error; the producer goes on with a new instance by itself.
    public init(
        properties: [KafkaProperty], logger: Logger, onFatal: @escaping @RequestPath (KafkaError) -> Void
    ) throws(KafkaError) {
        self.properties = properties
        self.logger = logger
        self.onFatal = onFatal
        client = try makeClient()
        topics.client = { [weak self] in self?.client }
    }

    /// The number of partitions of `topic`; 0 when it does not exist, nil when the brokers do not say
    /// by `deadline`. Cached; asks the broker when not known.
    public func partitionCount(of topic: String, deadline: Instant) async -> Int32? {
        await topics.partitionCount(of: topic, deadline: deadline)
    }

    /// Produces `record` and suspends until the broker has acknowledged it; returns its offset. Waits while the
    /// local queue is full. An out-of-range `partition` throws `unknownTopicOrPartition` (never crashes: kafka 7.2).
    @discardableResult
    public func publish(_ record: ProducerRecord) async throws(KafkaError) -> Offset {
        try await withUnsafeContinuation { publish(record, resuming: $0) }.get()
    }

    /// The same for callers that suspend by themselves: a call fewer on each request's way.
    public func publish(
        _ record: ProducerRecord, resuming continuation: UnsafeContinuation<Result<Offset, KafkaError>, Never>
    ) {
        accept(record, continuation)
    }

    /// Produces `record` without waiting; what fails is counted and logged. So is what is posted while too much waits
    /// already: nobody waits for posts, so nothing else would bound them when their topic is away.
    public func post(_ record: ProducerRecord) {
        guard postedBytes < Self.largestPosts else {
            return notePostFailure(record.topic, KafkaError(RD_KAFKA_RESP_ERR__QUEUE_FULL))
        }
        postedBytes += Self.weight(of: record)
        accept(record, nil)
    }

    private static let largestPosts = 16 << 20
    /// With what librdkafka and we need beside it.
    private static func weight(of record: ProducerRecord) -> Int { record.byteCount + 512 }

    /// Records not delivered and not failed yet.
    public var outstandingCount: Int { outstanding.count }

    /// Suspends until everything produced has been acknowledged or has failed, or `deadline` has passed.
    public func flush(deadline: Instant) async {
        guard !outstanding.isEmpty else { return }
        if allDelivered.isFired { allDelivered = Signal() }
        await allDelivered.wait(until: deadline)
    }

    /// Delivers what it can until `deadline`, fails the rest and frees everything.
    public func close(deadline: Instant) async {
        guard !isClosed else { return }
        await flush(deadline: deadline)
        isClosed = true
        for slot in outstanding.all { end(slot, .failure(KafkaError(RD_KAFKA_RESP_ERR__PURGE_QUEUE))) }
        guard let client = client.take() else { return }
        rd_kafka_purge(client.handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        // Nothing is left to lose, so this is quick; a deadline that has passed still gets the threads ended.
        let patience = EventLoop.shared.now.advanced(by: .seconds(1))
        _ = await client.destroy(deadline: max(deadline, patience))
    }
}

// MARK: - Records on their way

extension KafkaProducer {
    private func accept(_ record: ProducerRecord, _ continuation: OutstandingRecords.Continuation?) {
        let slot = outstanding.add(record, continuation)
        if isClosed { return end(slot, .failure(KafkaError(RD_KAFKA_RESP_ERR__DESTROY))) }
        route(slot)
    }

    /// Lets through what may be produced; a record to a topic not known yet waits for its metadata.
    private func route(_ slot: Int, afterLookup failure: KafkaError? = nil) {
        guard let entry = outstanding[slot] else { return }
        let (topic, partition) = (entry.record.topic, entry.record.partition)
        guard partition ?? 0 >= 0 else { return endUnknown(slot) }
        switch topics.answer(topic, partition: partition) {
        case .known(let count), .aging(let count):
            if let partition, partition >= count { endUnknown(slot) } else { submit(slot) }
        case .missing:
            endUnknown(slot)
        case .unknown:
            guard TopicDirectory.isLegalName(topic) else { return endUnknown(slot) }
            guard let failure else {
                return topics.afterLookup(of: topic) { self.route(slot, afterLookup: $0) }
            }
            // The brokers cannot be asked: librdkafka waits for them, unless the partition has to be checked first.
            let mayWait = partition == nil && failure.kind != .notAuthorized
            if mayWait { submit(slot) } else { end(slot, .failure(failure)) }
        }
    }

    private func endUnknown(_ slot: Int) {
        end(slot, .failure(KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)))
    }

    private func submit(_ slot: Int) {
        if !waiting.isEmpty || !produce(slot) { waiting.append(slot) }
    }

    /// Hands librdkafka what waits, in order, until its queue is full; it is called again as room is made.
    private func produceWaiting() {
        while let slot = waiting.first, produce(slot) { waiting.popFirst() }
    }

    /// Hands the record to librdkafka. False: it has to wait, for room or for the next instance.
    private func produce(_ slot: Int) -> Bool {
        guard let client else { return false }
        guard let entry = outstanding[slot] else { return true }  // ended by `close`
        guard let error = client.handle.produce(entry.record, slot: slot) else {
            entry.isProduced = true
            return true
        }
        switch error.kind {
        case .queueFull: return false
        case .fatal:
            restart(after: client.handle.fatalError)
            return false
        default:
            end(slot, .failure(error))
            return true
        }
    }

    private func end(_ slot: Int, _ result: Result<Offset, KafkaError>) {
        guard let entry = outstanding.remove(slot) else { return }
        if let continuation = entry.continuation {
            continuation.resume(returning: result)
        } else {
            postedBytes -= Self.weight(of: entry.record)
            if case .failure(let error) = result { notePostFailure(entry.record.topic, error) }
        }
        if outstanding.isEmpty { allDelivered.fire() }
    }

    private func notePostFailure(_ topic: String, _ error: KafkaError) {
        failedPosts += 1
        logger.warning(
            "record_not_delivered",
            ["topic": .string(topic), "error": .string(error.name), "message": .string(error.message)],
            limitedBy: error.name)
    }
}

// MARK: - Events and new instances

extension KafkaProducer {
    private func makeClient() throws(KafkaError) -> ClientInstance {
        let configuration = try KafkaClientConfiguration(properties: properties, role: .producer)
        let client = try ClientInstance(configuration, role: .producer, logger: logger)
        client.onEvent = { [weak self, weak client] event in
            guard let client else { return }
            self?.handle(event, of: client)
        }
        // Not within a delivery report: its messages count as queued until the event is freed.
        client.onServed = { [weak self] in self?.produceWaiting() }
        return client
    }

    private func handle(_ event: OpaquePointer, of source: ClientInstance) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            deliveryReports(event, of: source)
        case RD_KAFKA_EVENT_ERROR:
            let code = rd_kafka_event_error(event)
            if let fatal = source.handle.fatalError, source === client { return restart(after: fatal) }
            let error = KafkaError(code, message: rd_kafka_event_error_string(event).map { String(cString: $0) })
            logger.warning(
                "producer_error", ["error": .string(error.name), "message": .string(error.message)],
                limitedBy: error.name)
        default:
            break
        }
    }

    private func deliveryReports(_ event: OpaquePointer, of source: ClientInstance) {
        // With a fatal error all that is undelivered fails; the next instance gets it instead.
        var fatal: KafkaError?
        while let message = rd_kafka_event_message_next(event) {
            let slot = ClientHandle.slot(of: message)
            guard let error = KafkaError.check(message.pointee.err) else {
                end(slot, .success(Offset(message.pointee.offset)))
                continue
            }
            fatal = fatal ?? source.handle.fatalError
            if fatal == nil { end(slot, .failure(error)) }
        }
        if let fatal, source === client { restart(after: fatal) }
    }

    /// Replaces the instance. Everything it had not delivered goes first, in the order it was given; a record that was
    /// written although its acknowledgement was lost is written twice.
    private func restart(after fatal: KafkaError?) {
        guard let old = client.take() else { return }
        restarts += 1
        let error = fatal ?? KafkaError(RD_KAFKA_RESP_ERR__FATAL)
        logger.error("producer_restart", ["error": .string(error.name), "message": .string(error.message)])
        old.serve()  // acknowledgements that came in time; later ones would name slots that are used again
        old.onEvent = { _ in }
        old.onServed = {}
        requeueProduced()
        Task {
            rd_kafka_purge(old.handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            _ = await old.destroy(deadline: .distantFuture)
        }
        scheduleRestart()
        onFatal(error)
    }

    private func requeueProduced() {
        var inOrder = Queue<Int>()
        for slot in outstanding.produced {
            outstanding[slot]?.isProduced = false
            inOrder.append(slot)
        }
        while let slot = waiting.popFirst() { inOrder.append(slot) }
        waiting = inOrder
    }

    private func scheduleRestart() {
        let now = EventLoop.shared.now
        EventLoop.shared.schedule(at: now.advanced(by: restartPace.next(now: now))) { self.restartNow() }
    }

    private func restartNow() {
        guard !isClosed, client == nil else { return }
        do {
            client = try makeClient()
            produceWaiting()
        } catch {
            logger.error("producer_restart_failed", ["error": .string(error.message)])
            scheduleRestart()
        }
    }
}
