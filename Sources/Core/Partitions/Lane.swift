/// One assignment of one partition: what was delivered, what waits, what runs, and how far to commit.
struct Lane: Sendable {
    enum Phase: Sendable {
        /// Polls and starts; left by a revocation.
        case assigned
        /// Revoked: starts nothing more; left when the last record in flight ends.
        case draining
        /// Revoked, nothing in flight; left when the partition is given back.
        case drained
        /// The slot has no partition.
        case free
    }

    var partition: TopicPartition
    var epoch: UInt32
    var phase: Phase = .assigned
    /// Whether the partition's queue may hold records. It does until a poll comes back empty.
    var hasRecords = true
    private(set) var inFlight = 0
    /// Answered, and not ended: their outcomes are on their way.
    private(set) var delivering = 0
    /// Whether there is something to commit that was not handed out yet.
    var isDirty = false
    /// What a transaction was last given to commit.
    var handedOut: CommittedPosition?
    /// Whether the scheduler has this lane in its line of those that may start, or poll.
    var isInStartLine = false
    var isInPollLine = false

    private(set) var tracker: OffsetTracker
    private var startable = OffsetHeap()
    private var keys = KeyQueues()
    private var highestStarted: Offset?

    init(partition: TopicPartition, epoch: UInt32, tracker: OffsetTracker) {
        self.partition = partition
        self.epoch = epoch
        self.tracker = tracker
    }

    /// Records delivered and not started.
    var waitingCount: Int { startable.count + keys.waitingCount }

    /// Started and not ended.
    var unendedCount: Int { inFlight + delivering }

    var lowestStartable: RecordID? { startable.lowest }

    /// How far the highest started offset is beyond the position.
    var span: Int64 {
        guard let highestStarted, let position = tracker.position else { return 0 }
        return max(0, highestStarted.next.rawValue - position.rawValue)
    }

    // Mutating only to be called in place: a copy of a lane is several references to count.

    mutating func canPoll(_ settings: SchedulerSettings) -> Bool {
        phase == .assigned && hasRecords && startable.isEmpty && inFlight < concurrency(settings)
            && keys.waitingCount < settings.lookAhead
    }

    mutating func canStart(_ settings: SchedulerSettings) -> Bool {
        guard phase == .assigned, inFlight < concurrency(settings), let record = startable.lowest else { return false }
        return completedMapWillFit(starting: record.offset, settings)
    }

    mutating func deliver(_ offset: Offset) -> OffsetTracker.Delivery {
        let delivery = tracker.deliver(offset)
        isDirty = true  // also after the first record of a group without a commit: autoscalers read committed offsets
        return delivery
    }

    /// Lets a delivered record wait for its turn.
    mutating func enqueue(_ record: RecordID) {
        if let key = record.key, !keys.admit(record, key: key) { return }
        startable.insert(record)
    }

    mutating func startNext() -> RecordID? {
        guard let record = startable.removeLowest() else { return nil }
        inFlight += 1
        highestStarted = max(highestStarted ?? record.offset, record.offset)
        return record
    }

    /// Frees the place of a record in flight, which ends later.
    mutating func answer() {
        inFlight -= 1
        delivering += 1
    }

    /// Ends a record in flight; one not `finished` keeps the position where it is for the rest of the assignment.
    mutating func end(_ record: RecordID, finished: Bool, isAnswered: Bool) {
        if isAnswered { delivering -= 1 } else { inFlight -= 1 }
        if finished, tracker.finish(record.offset) { isDirty = true }
        // A record given up keeps its key: those behind it must not overtake it, the next owner starts with it.
        if finished, let key = record.key, let next = keys.release(key) { startable.insert(next) }
    }

    /// Removes and returns what was delivered and not started.
    mutating func dropWaiting() -> [RecordID] {
        let dropped = startable.records + keys.waiting()
        startable = OffsetHeap()
        keys = KeyQueues()
        return dropped
    }

    /// What to commit, and whether the completed map had to be cut to fit; with `finishing`, as it will be once these
    /// offsets are finished, too.
    func commit(budget: Int, finishing offsets: [Offset] = []) -> (position: CommittedPosition, isCut: Bool)? {
        var tracker = tracker
        for offset in offsets { tracker.finish(offset) }
        guard let position = tracker.position else { return nil }
        var map = tracker.completedMap()
        var isCut = false
        while true {
            if let metadata = map.text(at: position, budget: budget) {
                return (CommittedPosition(offset: position, metadata: metadata), isCut)
            }
            map = map.lowerHalf()
            isCut = true
        }
    }

    private func concurrency(_ settings: SchedulerSettings) -> Int {
        settings.ordering == .partition ? 1 : settings.partitionConcurrency
    }

    /// Near the bound of the commit's metadata the lane narrows instead of forgetting finished records. The record
    /// at the position may always start, so this never comes to a standstill.
    private func completedMapWillFit(starting offset: Offset, _ settings: SchedulerSettings) -> Bool {
        if let highestStarted, offset <= highestStarted { return true }
        guard let position = tracker.position else { return true }
        return CompletedMap.alwaysFits(
            span: offset.rawValue - position.rawValue, unfinished: tracker.unfinishedCount,
            budget: settings.metadataBudget)
    }
}
