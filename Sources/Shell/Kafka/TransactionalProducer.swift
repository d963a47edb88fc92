import CRdKafka
public import EventLoop
public import Logging
public import Partitions
public import Time

/// A producer whose records become visible in transactions, together with a consumer's positions.
///
/// One transaction at a time: its records are produced on the loop, its calls that block run on a thread of their own.
/// An instance that failed for good is replaced by itself; the next one's start ends what the last one left, and a
/// second live producer with the same transactional id is fenced by it. To be closed before it is let go.
@RequestPath
public final class TransactionalProducer {
    /// How a transaction ended.
    public enum End: Sendable {
        case committed
        /// None of it is visible. `failures`: what brokers or librdkafka said against records, by index.
        case aborted(KafkaError, failures: [Int: KafkaError])
        /// The instance failed while it was committing. What became of it is told by the group's positions, once the next
        /// instance has started.
        case unknown(KafkaError)
    }

    private let properties: [KafkaProperty]
    private let logger: Logger
    private let onFatal: @RequestPath (KafkaError) -> Void

    private(set) var client: ClientInstance?
    private var isClosed = false
    /// Fires when the instance has started and a transaction has begun.
    private var started = Signal()
    private var batch: ProducedBatch?
    private var lastBatch = 0
    private var restartPace = RestartPace()
    private let topics = TopicLookups()
    private var stalled = StalledTopics()

    /// Instances that were replaced after a fatal error.
    public private(set) var restarts = 0

    /// `onFatal` is told why no instance will ever be able to write transactions: not allowed, not supported.
    public init(
        properties: [KafkaProperty], transactionalID: String, logger: Logger,
        onFatal: @escaping @RequestPath (KafkaError) -> Void
    ) throws(KafkaError) {
        self.properties = Self.properties(properties, transactionalID: transactionalID)
        self.logger = logger
        self.onFatal = onFatal
        try makeClient()
        topics.client = { [weak self] in self?.client }
    }

    /// `properties` with what makes a producer write transactions.
    public nonisolated static func properties(
        _ properties: [KafkaProperty], transactionalID: String
    ) -> [KafkaProperty] {
        KafkaDefaults.transactions(unless: properties) + properties
            + [KafkaProperty("transactional.id", transactionalID)]
    }

    /// Writes `records`, in order, and `positions` in one transaction. `group` must have been read before `positions`
    /// were: then brokers refuse them if a partition has been lost since.
    public func commit(
        _ records: [ProducerRecord], _ positions: [TopicPartition: CommittedPosition], of group: ConsumerGroupMetadata
    ) async -> End {
        guard await untilStarted(deadline: .distantFuture), let client else {
            return .aborted(KafkaError(RD_KAFKA_RESP_ERR__DESTROY), failures: [:])
        }
        lastBatch += 1
        let batch = ProducedBatch(number: lastBatch)
        self.batch = batch
        await produce(records, of: batch, with: client)
        let problem = batch.firstFailure
        let deadline = EventLoop.shared.now.advanced(by: Self.patience)
        let ending = await client.blocking(until: .distantFuture) { handle in
            if let problem { return handle.abortTransaction(because: problem, deadline: deadline).begun(with: handle) }
            return handle.commitTransaction(positions, of: group, deadline: deadline).begun(with: handle)
        }
        self.batch = nil
        noteTopics(of: records, batch)
        return note(ending?.ending, startFailure: ending?.startFailure, batch)
    }

    /// Remembers topics that took nothing while others took records.
    private func noteTopics(of records: [ProducerRecord], _ batch: ProducedBatch) {
        guard batch.delivered > 0 else { return }  // then it is not the topics
        if batch.failures.isEmpty, !stalled.isEmpty { for record in records { stalled.clear(record.topic) } }
        for (index, error) in batch.failures where error.kind == .timedOut {
            stalled.note(records[index].topic, now: EventLoop.shared.now)
        }
    }

    /// How long calls that may be repeated are: longer than the brokers let a transaction live.
    private static let patience: Duration = .seconds(120)

    private func note(
        _ ending: TransactionEnding?, startFailure: TransactionFailure?, _ batch: ProducedBatch
    ) -> End {
        if let error = startFailure?.error ?? client?.handle.fatalError { rebuild(after: error) }
        switch ending {
        case .committed: return .committed
        case .aborted(let error): return .aborted(error, failures: batch.failures)
        case .broken(let error, let mayBeCommitted):
            rebuild(after: error)
            return mayBeCommitted ? .unknown(error) : .aborted(error, failures: [:])
        case nil: return .unknown(KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT))
        }
    }

    /// True once transactions can be written; false at `deadline`, or after `close`.
    public func untilStarted(deadline: Instant) async -> Bool {
        while !isClosed {
            let signal = started
            guard await signal.wait(until: deadline) else { return false }
            if signal === started { return !isClosed }
        }
        return false
    }

    /// Gives up what is under way at `deadline` and frees everything.
    public func close(deadline: Instant) async {
        guard !isClosed else { return }
        isClosed = true
        started.fire()
        guard let client = client.take() else { return }
        _ = await client.destroy(deadline: deadline)
    }
}

// MARK: - Producing

extension TransactionalProducer {
    /// Hands librdkafka the records, waiting for room in its queue. Stops at the first that it does not take.
    private func produce(_ records: [ProducerRecord], of batch: ProducedBatch, with client: ClientInstance) async {
        for (index, record) in records.enumerated() {
            while let error = client.handle.produce(record, slot: batch.slot(of: index)) {
                guard error.kind == .queueFull else { return batch.fail(index, error) }
                guard batch.firstFailure == nil else { return }
                await batch.untilServed()
            }
        }
    }

    private func handle(_ event: OpaquePointer) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            while let message = rd_kafka_event_message_next(event) {
                let slot = ClientHandle.slot(of: message)
                if let error = KafkaError.check(message.pointee.err) {
                    batch?.fail(slot: slot, error)
                } else {
                    batch?.deliver(slot: slot)
                }
            }
        case RD_KAFKA_EVENT_ERROR:
            if let fatal = client?.handle.fatalError {
                // With a transaction under way, its call tells the same.
                if batch == nil, started.isFired { rebuild(after: fatal) }
                return
            }
            let code = rd_kafka_event_error(event)
            let error = KafkaError(code, message: rd_kafka_event_error_string(event).map { String(cString: $0) })
            logger.warning(
                "producer_error", ["error": .string(error.name), "message": .string(error.message)],
                limitedBy: error.name)
        default: break
        }
    }
}

// MARK: - Instances

extension TransactionalProducer {
    private func makeClient() throws(KafkaError) {
        let configuration = try KafkaClientConfiguration(properties: properties, role: .producer)
        let client = try ClientInstance(configuration, role: .producer, logger: logger)
        client.onEvent = { [weak self] event in self?.handle(event) }
        client.onServed = { [weak self] in self?.batch?.noteServed() }
        self.client = client
        RequestPath.task { [weak self] in await self?.start(client) }
    }

    private func start(_ client: ClientInstance) async {
        // In short calls, so that an end that comes meanwhile is not held up; brokers may be away for long.
        while self.client === client {
            let deadline = EventLoop.shared.now
            let failure = await client.blocking(until: .distantFuture) { $0.startTransactions(deadline: deadline) }
            guard self.client === client else { return }
            guard case .some(.some(let failure)) = failure else { return started.fire() }
            if failure.remedy == .retry { continue }
            if Self.isHopeless(failure.error) { return onFatal(failure.error) }
            return rebuild(after: failure.error)
        }
    }

    private static func isHopeless(_ error: KafkaError) -> Bool {
        error.kind == .notAuthorized || ["_UNSUPPORTED_FEATURE", "INVALID_TRANSACTION_TIMEOUT"].contains(error.name)
    }

    private func rebuild(after error: KafkaError) {
        guard let old = client.take() else { return }
        restarts += 1
        logger.error("producer_restart", ["error": .string(error.name), "message": .string(error.message)])
        started = Signal()
        old.onEvent = { _ in }
        old.onServed = {}
        Task {
            rd_kafka_purge(old.handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            _ = await old.destroy(deadline: .distantFuture)
        }
        scheduleRestart()
    }

    private func scheduleRestart() {
        let now = EventLoop.shared.now
        EventLoop.shared.schedule(at: now.advanced(by: restartPace.next(now: now))) { self.restartNow() }
    }

    private func restartNow() {
        guard !isClosed, client == nil else { return }
        do throws(KafkaError) { try makeClient() } catch {
            logger.error("producer_restart_failed", ["error": .string(error.message)])
            scheduleRestart()
        }
    }
}

// MARK: - Topics

extension TransactionalProducer {
    /// The number of partitions of `topic`; 0 when it does not exist, nil when the brokers do not say by `deadline`, or
    /// when the topic is left alone for now because it took nothing.
    ///
    /// Ask before a record goes to a topic: one that does not exist would hold up the transaction, and with it all others.
    public func partitionCount(of topic: String, deadline: Instant) async -> Int32? {
        if stalled.isResting(topic, now: EventLoop.shared.now) { return nil }
        return await topics.partitionCount(of: topic, deadline: deadline)
    }
}

extension TransactionEnding {
    /// Begins the next transaction, unless the instance cannot.
    fileprivate func begun(with handle: ClientHandle) -> (ending: TransactionEnding, startFailure: TransactionFailure?)
    {
        if case .broken = self { return (self, nil) }
        return (self, handle.beginTransaction())
    }
}

/// The records of one transaction while librdkafka has them.
@RequestPath
private final class ProducedBatch {
    private let number: Int
    private(set) var failures: [Int: KafkaError] = [:]
    private(set) var firstFailure: KafkaError?
    /// How many records the brokers have taken.
    private(set) var delivered = 0
    private var servedWaiter: UnsafeContinuation<Void, Never>?

    private static let indexBits = 32

    init(number: Int) { self.number = number }

    /// What travels through librdkafka with a record: reports of an earlier transaction's records must not count here.
    func slot(of index: Int) -> Int { number << Self.indexBits | index }

    func fail(_ index: Int, _ error: KafkaError) {
        failures[index] = error
        firstFailure = firstFailure ?? error
    }

    func fail(slot: Int, _ error: KafkaError) {
        // Purged by an abort: the consequence of a failure, not one.
        guard slot >> Self.indexBits == number, !error.isPurge else { return }
        fail(slot & (1 << Self.indexBits - 1), error)
    }

    func deliver(slot: Int) {
        if slot >> Self.indexBits == number { delivered += 1 }
    }

    func untilServed() async {
        await withUnsafeContinuation { servedWaiter = $0 }
    }

    func noteServed() {
        servedWaiter.take()?.resume()
    }
}

extension KafkaError {
    fileprivate var isPurge: Bool { name == "_PURGE_QUEUE" || name == "_PURGE_INFLIGHT" }
}
