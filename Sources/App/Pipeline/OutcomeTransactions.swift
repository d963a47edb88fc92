public import EventLoop
public import Logging
import Partitions
import Time

/// Writes outcomes and positions together in transactions (`delivery: exactly_once`).
///
/// Outcomes that come while a transaction is under way wait in memory for the next one; so do those of one that was
/// aborted, which costs no second upstream call. Who waits for what is `TransactionQueue`'s decision.
@RequestPath
public final class OutcomeTransactions {
    public struct Settings: Sendable {
        /// Between the beginnings of two transactions.
        public var interval: Duration
        /// Of records, so that a transaction takes a small part of the time that brokers let it live.
        public var largestTransaction = 16 << 20

        public init(interval: Duration) { self.interval = interval }
    }

    /// Why an outcome was not written.
    enum Refusal: Error {
        /// `index`: the record that is at fault.
        case record(index: Int, DeliveryError)
        case cancelled
    }

    private let settings: Settings
    private let runner: any TransactionRunner
    private let logger: Logger
    private let loop = EventLoop.shared
    /// Whose positions are committed.
    weak var lanes: ConsumerLoop?

    private var queue = TransactionQueue()
    private var outcomes: [RecordID: Pending] = [:]
    private var wantsPositions = false
    private var isRunning = false
    private var timer: LoopTimer?
    private var nextStart: Instant
    private var backoff = Backoff()
    /// Who waits for the positions of now to be committed.
    private var positionWaiters: [PositionWaiter] = []

    /// Whether to commit at once instead of at the next interval: partitions wait to be given back.
    var isHurried = false {
        didSet { if isHurried { schedule() } }
    }

    /// Transactions committed, and aborted.
    public private(set) var commits = 0
    public private(set) var aborts = 0

    private struct Pending {
        var records: [ProducerRecord]
        var bytes: Int
        var continuation: UnsafeContinuation<Refusal?, Never>
        var refusal: Refusal?
    }

    @RequestPath
    private final class PositionWaiter {
        private var continuation: UnsafeContinuation<Void, Never>?

        func wait() async { await withUnsafeContinuation { continuation = $0 } }
        func wake() { continuation.take()?.resume() }
    }

    public init(settings: Settings, runner: any TransactionRunner, logger: Logger) {
        self.settings = settings
        self.runner = runner
        self.logger = logger
        nextStart = loop.now
    }
}

// MARK: - Outcomes

extension OutcomeTransactions {
    /// Writes `records` together with the end of the request `id`. Returns when that has been committed, and the request
    /// is finished then.
    func publish(_ records: [ProducerRecord], of id: RecordID, in partition: TopicPartition) async throws(Refusal) {
        guard !Task.isCancelled else { throw .cancelled }
        let bytes = records.reduce(0) { $0 + $1.byteCount }
        lanes?.hold(bytes: bytes)
        let refusal = await withUnsafeContinuation { continuation in
            outcomes[id] = Pending(records: records, bytes: bytes, continuation: continuation)
            queue.add(TransactionQueue.Outcome(record: id, partition: partition, bytes: bytes))
            schedule()
        }
        if let refusal { throw refusal }
    }

    /// Gives up the outcomes of `partitions` that are not in the transaction under way.
    func giveUp(_ partitions: Set<TopicPartition>) {
        for id in queue.giveUp(partitions) { end(id, .cancelled) }
    }

    /// Commits positions that have changed although no outcome did it.
    func commitPositions() {
        wantsPositions = true
        schedule()
    }

    /// Suspends until the positions of now have been committed, or `deadline` has passed.
    func settle(deadline: Instant) async {
        let waiter = PositionWaiter()
        positionWaiters.append(waiter)
        let timer = loop.schedule(at: deadline) { waiter.wake() }
        commitPositions()
        await waiter.wait()
        timer.cancel()
    }

    private func end(_ id: RecordID, _ refusal: Refusal?) {
        guard let pending = outcomes.removeValue(forKey: id) else { return }
        lanes?.release(bytes: pending.bytes)
        pending.continuation.resume(returning: refusal)
    }
}

// MARK: - Transactions

extension OutcomeTransactions {
    private func schedule() {
        guard !isRunning, !queue.isEmpty || wantsPositions else { return }
        let start = isHurried ? min(nextStart, loop.now.advanced(by: backoff.latest)) : nextStart
        if let timer, timer.isPending, timer.deadline <= start { return }
        timer?.cancel()
        timer = loop.schedule(at: start) { [weak self] in
            guard let self, !isRunning else { return }
            isRunning = true
            RequestPath.task {
                await self.runTransaction()
                self.isRunning = false
                self.schedule()
            }
        }
    }

    private func runTransaction() async {
        nextStart = loop.now.advanced(by: settings.interval)
        // An outcome changes a position itself.
        if queue.isEmpty, lanes?.hasChangedPositions() != true {
            wantsPositions = false
            return wake(&positionWaiters)
        }
        guard await runner.prepare() else { return postpone() }
        wantsPositions = false
        var waiters = positionWaiters
        positionWaiters = []
        let batch = queue.begin(bytes: settings.largestTransaction)
        let positions = lanes?.takeCommits(finishing: batch.map(\.record)) ?? [:]
        guard !batch.isEmpty || !positions.isEmpty else {
            _ = queue.end(.committed)
            return wake(&waiters)
        }
        var end = await runner.run(batch.flatMap { outcomes[$0.record]?.records ?? [] }, positions)
        if case .unknown(let reason) = end { end = await settled(positions, reason) }
        note(end, batch, positions)
        if case .committed = end { wake(&waiters) } else { positionWaiters += waiters }
    }

    private func wake(_ waiters: inout [PositionWaiter]) {
        for waiter in waiters { waiter.wake() }
        waiters = []
    }

    private func note(
        _ end: TransactionEnd, _ batch: [TransactionQueue.Outcome], _ positions: [TopicPartition: CommittedPosition]
    ) {
        switch end {
        case .committed:
            commits += 1
            backoff = Backoff()
            let settlement = queue.end(.committed)
            lanes?.finished(settlement.committed)
            for id in settlement.committed { self.end(id, nil) }
        case .aborted(let reason, let failures):
            aborts += 1
            logger.warning(
                "transaction aborted; its outcomes go into the next", ["reason": .string(reason)], limitedBy: "")
            lanes?.notCommitted(Array(positions.keys))
            let settlement = queue.end(blamed(failures, batch))
            for id in settlement.handedBack { self.end(id, outcomes[id]?.refusal) }
            for id in settlement.dropped { self.end(id, .cancelled) }
            if failures.isEmpty { postpone() }
            wantsPositions = true
        case .unknown: preconditionFailure("the positions have told how the transaction ended")
        }
    }

    /// Not at once again: whatever stopped this one may take a while.
    private func postpone() {
        nextStart = loop.now.advanced(by: max(settings.interval, backoff.next()))
    }

    /// Finds the outcomes whose own records failed, and notes why.
    private func blamed(
        _ failures: [Int: DeliveryError], _ batch: [TransactionQueue.Outcome]
    ) -> TransactionQueue.End {
        var failed: Set<RecordID> = []
        var suspected: Set<RecordID> = []
        var first = 0
        for id in batch.map(\.record) {
            guard let count = outcomes[id]?.records.count else { continue }
            if let index = (0..<count).first(where: { failures[first + $0] != nil }),
                let error = failures[first + index]
            {
                outcomes[id]?.refusal = .record(index: index, error)
                // Brokers measure batches, which hold other outcomes' records as well.
                if error.kind == .tooLarge { suspected.insert(id) } else { failed.insert(id) }
            }
            first += count
        }
        return .aborted(failed: failed, suspected: suspected)
    }

    /// Reads from the group whether a transaction of unknown fate was committed: nobody else commits our partitions, and
    /// each transaction moves their positions or what is beside them.
    private func settled(_ positions: [TopicPartition: CommittedPosition], _ reason: String) async -> TransactionEnd {
        var backoff = Backoff()
        while true {
            let ours = positions.filter { lanes?.assignedPartitions.contains($0.key) == true }
            if ours.isEmpty { return .aborted(reason: reason, failures: [:]) }
            if let committed = await runner.settledPositions(Array(ours.keys)) {
                let isCommitted = ours.allSatisfy { committed[$0.key] == $0.value }
                logger.info("fate of a transaction read from the group", ["committed": .bool(isCommitted)])
                return isCommitted ? .committed : .aborted(reason: reason, failures: [:])
            }
            try? await loop.sleep(until: loop.now.advanced(by: backoff.next()))
        }
    }
}
