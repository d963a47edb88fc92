public import EventLoop
public import Logging
public import Partitions
public import Time

/// Takes records from their partitions as the scheduler decides, and commits what has been answered.
///
/// It carries out decisions and makes none: `PartitionScheduler` says what to poll, start and commit,
/// `RequestHandler` answers. Backpressure is a queue that is not polled.
@RequestPath
public final class ConsumerLoop {
    public struct Settings: Sendable {
        public var scheduler: SchedulerSettings
        /// How often what no prompt commit took is committed: after a refusal, after a rebalance.
        public var commitInterval = Duration.milliseconds(200)
        /// What in-flight requests get when their partition is taken away, or at the end.
        public var drainGrace: Duration

        public init(scheduler: SchedulerSettings, drainGrace: Duration) {
            self.scheduler = scheduler
            self.drainGrace = drainGrace
        }
    }

    /// Limits may change at any time; `ordering` and the commit interval stay what they were at the start.
    public var settings: Settings {
        didSet {
            scheduler.settings = settings.scheduler
            pump()
        }
    }
    var scheduler: PartitionScheduler
    private let source: any RecordSource
    private let handler: RequestHandler
    /// Nil: positions are committed by themselves (`at_least_once`).
    let transactions: OutcomeTransactions?
    private let logger: Logger
    let loop = EventLoop.shared

    /// Delivered, not started: they wait for their turn.
    private var waiting: [RecordID: ConsumerRecord] = [:]
    private var running: [RecordID: Run] = [:]
    private var drains: [Drain] = []
    private var assigned: Set<TopicPartition> = []
    private var commitTimer: LoopTimer?
    private var pacing = CommitPacing()
    private var isPumping = false

    private struct Run {
        let task: Task<Void, Never>
        let partition: TopicPartition
        /// When the record was.
        let made: Instant
        /// Its place is free already; only its outcome is still on its way.
        var isAnswered = false
    }

    public init(
        settings: Settings, source: any RecordSource, handler: RequestHandler,
        transactions: OutcomeTransactions? = nil, logger: Logger
    ) {
        self.settings = settings
        self.source = source
        self.handler = handler
        self.logger = logger
        self.transactions = transactions
        scheduler = PartitionScheduler(settings: settings.scheduler)
        transactions?.lanes = self
        handler.outcomes.lanes = self
    }

    public func start() {
        commitTimer = loop.repeating(every: settings.commitInterval) { [weak self] in self?.commit() }
    }

    public var assignedPartitions: Set<TopicPartition> { assigned }
    /// Started and not ended.
    public var inFlight: Int { scheduler.inFlight + scheduler.delivering }
    var isDraining: Bool { !drains.isEmpty }
    public var bufferedBytes: Int { scheduler.bufferedBytes }
    public var laneStatuses: [PartitionScheduler.LaneStatus] { scheduler.statuses }

    /// When the record of the oldest request in flight of each partition was made.
    public var oldestInFlight: [TopicPartition: Instant] {
        running.values.reduce(into: [:]) { oldest, run in
            oldest[run.partition] = min(oldest[run.partition] ?? run.made, run.made)
        }
    }
}

// MARK: - Records

extension ConsumerLoop {
    /// The partition's queue has records.
    public func recordsReady(_ partition: TopicPartition) {
        scheduler.ready(partition)
        pump()
    }

    /// Does what the scheduler says until it has nothing to say.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while let step = scheduler.next() {
            switch step {
            case .poll(let partition): poll(partition)
            case .start(let id): startWaiting(id)
            case .drained(let partition): noteDrained(partition)
            }
        }
    }

    private func poll(_ partition: TopicPartition) {
        guard let record = source.poll(partition) else {
            scheduler.ranDry(partition)
            return
        }
        let key = settings.scheduler.ordering == .key ? record.key.map { OrderingKey($0) } : nil
        switch scheduler.delivered(partition, offset: record.offset, key: key, bytes: record.byteCount) {
        case .start(let id): start(record, id)
        case .wait(let id): waiting[id] = record
        case .skip: break
        case .restarted(let id, let dropped):
            drop(dropped)
            waiting[id] = record
        }
    }

    private func startWaiting(_ id: RecordID) {
        guard let record = waiting.removeValue(forKey: id) else {
            preconditionFailure("the scheduler starts a record that was not delivered: offset \(id.offset.rawValue)")
        }
        start(record, id)
    }

    private func start(_ record: ConsumerRecord, _ id: RecordID) {
        let task = RequestPath.task { [handler] in
            do throws(CancellationError) {
                try await handler.handle(record, as: id)
                self.ended(id, finished: true)
            } catch {
                self.ended(id, finished: false)
            }
        }
        running[id] = Run(task: task, partition: record.source, made: record.made(before: loop.now))
    }

    /// What a request takes beside its record and its reply while it waits for its outcome to be safe, when nothing but
    /// bytes bounds how many do.
    private static let deliveryOverhead = 4096

    /// The request's answer is there: while its outcome is on its way, others run in its place.
    func answered(_ id: RecordID) {
        guard running[id] != nil, scheduler.answered(id) else { return }
        running[id]?.isAnswered = true
        scheduler.hold(bytes: Self.deliveryOverhead)
        pump()
    }

    /// Later calls for the same record do nothing: under `exactly_once` a commit has said so already.
    func ended(_ id: RecordID, finished: Bool) {
        guard let isAnswered = running.removeValue(forKey: id)?.isAnswered else { return }
        if isAnswered { scheduler.release(bytes: Self.deliveryOverhead) }
        if finished {
            scheduler.finished(id, isAnswered: isAnswered)
        } else {
            scheduler.abandoned(id, isAnswered: isAnswered)
        }
        pump()
        if finished, transactions == nil { schedulePromptCommit(at: pacing.finished(now: loop.now)) }
    }

    private func drop(_ records: [RecordID]) {
        for id in records { waiting[id] = nil }
    }
}

// MARK: - Assignment

extension ConsumerLoop {
    /// Takes over partitions where the group has committed; what finished beyond that is not repeated.
    public func assign(_ partitions: [TopicPartition]) async {
        assigned.formUnion(partitions)
        var backoff = Backoff()
        var committed = await source.committed(partitions)
        while committed == nil {
            logger.warning(
                "the group's committed positions cannot be read yet", ["partitions": .integer(partitions.count)])
            do throws(CancellationError) { try await loop.sleep(until: loop.now.advanced(by: backoff.next())) } catch {
                return
            }
            committed = await source.committed(partitions)
        }
        // Some may have been lost in the meantime; the answer to the group must still name them all.
        for partition in partitions where assigned.contains(partition) {
            scheduler.assigned(partition, from: committed?[partition] ?? CommittedPosition(offset: nil))
        }
        let positions = (committed ?? [:]).compactMapValues(\.offset)
        source.assign(partitions, from: positions)
        logger.info("partitions assigned", ["partitions": .string(Self.names(partitions))])
        pump()
    }

    /// Gives partitions back: requests in flight get the grace period, then what they finished is committed.
    public func revoke(_ partitions: [TopicPartition]) async {
        await drain(partitions)
        await commitBeforeGivingBack(partitions)
        for partition in partitions { scheduler.released(partition) }
        assigned.subtract(partitions)
        source.unassign(partitions)
        logger.info("partitions given back", ["partitions": .string(Self.names(partitions))])
        pump()
    }

    private func commitBeforeGivingBack(_ partitions: [TopicPartition]) async {
        if let transactions { return await settle(transactions) }
        let commits = partitions.reduce(into: [:]) { commits, partition in
            commits[partition] = scheduler.takeCommit(of: partition)
        }
        if !commits.isEmpty, await !source.commitAndWait(commits) {
            logger.warning(
                "positions not committed before giving partitions back; their last requests may be repeated",
                ["partitions": .string(Self.names(partitions))])
        }
    }

    /// Drops partitions that others may own already: nothing of them is committed, requests in flight are given up.
    public func lose(_ partitions: [TopicPartition]) {
        for partition in partitions { drop(scheduler.lost(partition)) }
        cancelRunning(in: Set(partitions))
        assigned.subtract(partitions)
        for partition in partitions { noteDrained(partition) }
        source.unassign(partitions)
        logger.warning("partitions lost", ["partitions": .string(Self.names(partitions))])
        pump()
    }

    /// Drops everything at once: the consumer has failed for good, so others own its partitions and nothing can be
    /// committed.
    public func abandon() {
        commitTimer?.cancel()
        lose(Array(assigned))
    }

    /// Stops intake, lets requests in flight end within the grace period, commits.
    public func stop() async {
        let partitions = Array(assigned)
        commitTimer?.cancel()
        guard !partitions.isEmpty else { return }
        await revoke(partitions)
    }

    /// Suspends until nothing of `partitions` is in flight, giving up what is left when the grace period ends.
    private func drain(_ partitions: [TopicPartition]) async {
        let drain = Drain(partitions.filter { assigned.contains($0) })
        drains.append(drain)
        transactions?.isHurried = true
        for partition in partitions { drop(scheduler.revoked(partition)) }
        pump()
        let graceEnd = loop.now.advanced(by: settings.drainGrace)
        let timers = [
            loop.schedule(at: graceEnd) { [weak self] in self?.cancelRunning(in: drain.remaining) },
            loop.schedule(at: graceEnd.advanced(by: Self.patienceForCancelled)) { [weak self] in
                self?.leaveBehind(drain)
            },
        ]
        await drain.untilDone()
        for timer in timers { timer.cancel() }
        drains.removeAll { $0 === drain }
        transactions?.isHurried = !drains.isEmpty
    }

    /// How long requests that were given up get to end. One that waits for the brokers to acknowledge its outcome does not
    /// hear of it.
    private static let patienceForCancelled = Duration.seconds(1)

    /// Goes on without the requests that have not ended; when they do, it changes nothing any more.
    private func leaveBehind(_ drain: Drain) {
        logger.warning(
            "requests wait for their outcomes to be acknowledged; whoever is next repeats them",
            ["partitions": .string(Self.names(Array(drain.remaining)))])
        drain.end()
    }

    private func cancelRunning(in partitions: Set<TopicPartition>) {
        for run in running.values where partitions.contains(run.partition) { run.task.cancel() }
        transactions?.giveUp(partitions)
    }

    private func noteDrained(_ partition: TopicPartition) {
        for drain in drains { drain.noteDrained(partition) }
    }

    private static func names(_ partitions: [TopicPartition]) -> String {
        partitions.map { "\($0.topic)-\($0.partition)" }.sorted().joined(separator: " ")
    }
}

// MARK: - Commits

extension ConsumerLoop {
    private func commit() {
        if let transactions { return transactions.commitPositions() }
        let commits = scheduler.takeCommits()
        guard !commits.isEmpty else { return pacing.skipped() }
        pacing.begun(now: loop.now)
        source.commit(commits)
    }

    /// An asynchronous commit has ended; what the broker did not take is committed again.
    public func commitEnded(failed partitions: [TopicPartition]) {
        for partition in partitions { scheduler.commitFailed(partition) }
        schedulePromptCommit(at: pacing.ended(isTaken: partitions.isEmpty, now: loop.now))
    }

    private func schedulePromptCommit(at instant: Instant?) {
        guard let instant else { return }
        loop.schedule(at: instant) { [weak self] in self?.commit() }
    }
}

/// Partitions on their way out, until nothing of them is in flight.
@RequestPath
private final class Drain {
    private(set) var remaining: Set<TopicPartition>
    private var continuation: UnsafeContinuation<Void, Never>?

    init(_ partitions: [TopicPartition]) { remaining = Set(partitions) }

    func noteDrained(_ partition: TopicPartition) {
        remaining.remove(partition)
        if remaining.isEmpty { end() }
    }

    /// Nothing is waited for any more.
    func end() {
        remaining = []
        continuation.take()?.resume()
    }

    func untilDone() async {
        guard !remaining.isEmpty else { return }
        await withUnsafeContinuation { continuation = $0 }
    }
}
