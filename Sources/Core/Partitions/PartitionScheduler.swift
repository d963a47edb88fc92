/// Decides what runs now and what may be committed, over all assigned partitions.
///
/// It is told what happened and asked for the `next` step until there is none; it holds offsets, keys and sizes, no
/// records. Every event costs O(1) (a binary search or a small heap at most). A partition's assignment has an epoch:
/// what ends after the partition was given back or lost frees its place and changes nothing else.
///
/// Each record handed out by `.start` must come back exactly once, as `finished` or `abandoned`.
public struct PartitionScheduler: Sendable {
    public var settings: SchedulerSettings {
        didSet { for slot in lanes.indices { requeue(slot) } }
    }
    /// Started and not ended, records of partitions no longer assigned included: they take resources all the same.
    public private(set) var inFlight = 0
    /// Answered and not ended. They take bytes, but no places: a topic that is slow to take replies must not keep others
    /// from being asked for.
    public private(set) var delivering = 0
    /// Bytes of records delivered and not ended, and of what `hold` added.
    public private(set) var bufferedBytes = 0
    /// Commits whose completed map did not fit its budget and lost its upper part. Can only happen when a previous
    /// run had a larger budget.
    public private(set) var cutCommits = 0

    private var lanes: [Lane] = []
    private var slots: [TopicPartition: Int] = [:]
    private var freeSlots: [Int] = []
    private var lastEpoch: UInt32 = 0
    // Lanes take turns: each goes to the end of its line after one record.
    private var startLine = Queue<Int>()
    private var pollLine = Queue<Int>()
    private var drainedLine = Queue<Int>()

    public init(settings: SchedulerSettings = SchedulerSettings()) {
        self.settings = settings
    }

    public enum Step: Sendable, Equatable {
        /// Take one record from this partition's queue; report `delivered`, or `ranDry` when there is none.
        case poll(TopicPartition)
        /// Start this record, kept since `delivered` said `.wait`.
        case start(RecordID)
        /// A revoked partition has nothing in flight any more: commit it and give it back.
        case drained(TopicPartition)
    }

    public enum Delivery: Sendable, Equatable {
        /// Start it now.
        case start(RecordID)
        /// Keep it until `.start` names it, or until it is dropped.
        case wait(RecordID)
        /// Forget it: finished before a restart, or its partition is not assigned.
        case skip
        /// The partition's log began anew at a lower offset (the topic was deleted and created again), so what was
        /// known about it is void: forget the `dropped` records, and this one waits.
        case restarted(RecordID, dropped: [RecordID])
    }

    /// What one assigned partition is doing, for metrics.
    public struct LaneStatus: Sendable {
        public var partition: TopicPartition
        public var position: Offset?
        public var inFlight: Int
        public var waiting: Int
        /// How far the highest started offset is beyond the position.
        public var span: Int64
    }

    public var statuses: [LaneStatus] {
        slots.values.map { slot in
            let lane = lanes[slot]
            return LaneStatus(
                partition: lane.partition, position: lane.tracker.position, inFlight: lane.unendedCount,
                waiting: lane.waitingCount, span: lane.span)
        }
    }
}

// MARK: - Assignment

extension PartitionScheduler {
    /// Opens a lane that goes on where the group has committed. Metadata that is not a completed map is ignored.
    public mutating func assigned(_ partition: TopicPartition, from committed: CommittedPosition) {
        if slots[partition] != nil { _ = lost(partition) }
        let map = committed.offset.flatMap { CompletedMap(text: committed.metadata, position: $0) }
        let tracker = OffsetTracker(position: committed.offset, completed: map ?? CompletedMap())
        let lane = Lane(partition: partition, epoch: nextEpoch(), tracker: tracker)
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            let old = lanes[slot]
            lanes[slot] = lane
            lanes[slot].isInStartLine = old.isInStartLine
            lanes[slot].isInPollLine = old.isInPollLine
        } else {
            slot = lanes.count
            lanes.append(lane)
        }
        slots[partition] = slot
        requeue(slot)
    }

    /// Stops starting records of `partition`; `.drained` follows when the last one in flight has ended. Returns the
    /// records that were delivered and not started, to be dropped: the next owner gets them.
    public mutating func revoked(_ partition: TopicPartition) -> [RecordID] {
        guard let slot = slots[partition], lanes[slot].phase == .assigned else { return [] }
        lanes[slot].phase = .draining
        let dropped = dropWaiting(slot)
        noteDrained(slot)
        return dropped
    }

    /// Closes the lane of a partition that others may own already: nothing of it may be committed. Returns the
    /// records to drop.
    public mutating func lost(_ partition: TopicPartition) -> [RecordID] {
        guard let slot = slots.removeValue(forKey: partition) else { return [] }
        let dropped = dropWaiting(slot)
        lanes[slot].phase = .free
        lanes[slot].epoch = 0
        lanes[slot].isDirty = false
        freeSlots.append(slot)
        return dropped
    }

    /// Closes the lane of a partition that was given back, drained or not.
    public mutating func released(_ partition: TopicPartition) {
        _ = lost(partition)
    }

    private mutating func dropWaiting(_ slot: Int) -> [RecordID] {
        let dropped = lanes[slot].dropWaiting()
        for record in dropped { bufferedBytes -= record.bytes }
        return dropped
    }

    private mutating func nextEpoch() -> UInt32 {
        lastEpoch &+= 1
        if lastEpoch == 0 { lastEpoch = 1 }  // 0 marks a free lane
        return lastEpoch
    }
}

// MARK: - Records

extension PartitionScheduler {
    /// The partition's queue has records.
    public mutating func ready(_ partition: TopicPartition) {
        guard let slot = slots[partition] else { return }
        lanes[slot].hasRecords = true
        requeue(slot)
    }

    /// The partition's queue was empty; it is polled again after `ready`.
    public mutating func ranDry(_ partition: TopicPartition) {
        guard let slot = slots[partition] else { return }
        lanes[slot].hasRecords = false
    }

    /// A record came off the partition's queue.
    public mutating func delivered(_ partition: TopicPartition, offset: Offset, key: OrderingKey?, bytes: Int)
        -> Delivery
    {
        guard let slot = slots[partition], lanes[slot].phase == .assigned else { return .skip }
        switch lanes[slot].deliver(offset) {
        case .finished:
            return .skip
        case .unfinished:
            let record = enqueue(offset: offset, key: key, bytes: bytes, slot)
            return startAtOnce(record, slot) ? .start(record) : .wait(record)
        case .wentBack:
            let dropped = restart(slot, at: offset)
            return .restarted(enqueue(offset: offset, key: key, bytes: bytes, slot), dropped: dropped)
        }
    }

    /// What to do now; nil when nothing can be done until something happens.
    public mutating func next() -> Step? {
        while let slot = drainedLine.popFirst() {
            guard lanes[slot].phase == .draining, lanes[slot].unendedCount == 0 else { continue }
            lanes[slot].phase = .drained
            return .drained(lanes[slot].partition)
        }
        guard inFlight < settings.maxInFlight else { return nil }
        if let record = startWaiting() { return .start(record) }
        while bufferedBytes < settings.maxBufferedBytes, let slot = pollLine.popFirst() {
            lanes[slot].isInPollLine = false
            guard lanes[slot].canPoll(settings) else { continue }
            requeue(slot)
            return .poll(lanes[slot].partition)
        }
        return nil
    }

    /// A started record's answer is there, its outcome not safe yet: others may start in its place. False where it keeps
    /// it, since outcomes must not overtake each other. Whoever ends the record repeats what this returned.
    public mutating func answered(_ record: RecordID) -> Bool {
        guard settings.ordering != .partition else { return false }
        inFlight -= 1
        delivering += 1
        let slot = Int(record.slot)
        if lanes[slot].epoch == record.epoch {
            lanes[slot].answer()
            requeue(slot)
        }
        return true
    }

    /// A started record's outcome is safe: it need not be repeated.
    public mutating func finished(_ record: RecordID, isAnswered: Bool = false) {
        end(record, finished: true, isAnswered: isAnswered)
    }

    /// A started record was given up without an outcome: whoever owns the partition next repeats it.
    public mutating func abandoned(_ record: RecordID, isAnswered: Bool = false) {
        end(record, finished: false, isAnswered: isAnswered)
    }

    /// Counts bytes that are held beside the records, such as replies; `release` takes them back.
    public mutating func hold(bytes: Int) { bufferedBytes += bytes }
    public mutating func release(bytes: Int) { bufferedBytes -= bytes }

    private mutating func enqueue(offset: Offset, key: OrderingKey?, bytes: Int, _ slot: Int) -> RecordID {
        let record = RecordID(
            offset: offset, epoch: lanes[slot].epoch, slot: Int32(slot), key: settings.ordering == .key ? key : nil,
            bytes: bytes)
        bufferedBytes += bytes
        lanes[slot].enqueue(record)
        requeue(slot)
        return record
    }

    /// Starts a record that has just been delivered, unless one that waits goes first.
    private mutating func startAtOnce(_ record: RecordID, _ slot: Int) -> Bool {
        guard inFlight < settings.maxInFlight, lanes[slot].lowestStartable == record, lanes[slot].canStart(settings)
        else { return false }
        _ = lanes[slot].startNext()
        inFlight += 1
        return true
    }

    private mutating func startWaiting() -> RecordID? {
        while let slot = startLine.popFirst() {
            lanes[slot].isInStartLine = false
            guard lanes[slot].canStart(settings), let record = lanes[slot].startNext() else { continue }
            inFlight += 1
            requeue(slot)
            return record
        }
        return nil
    }

    private mutating func end(_ record: RecordID, finished: Bool, isAnswered: Bool) {
        if isAnswered { delivering -= 1 } else { inFlight -= 1 }
        bufferedBytes -= record.bytes
        let slot = Int(record.slot)
        guard lanes[slot].epoch == record.epoch else { return }  // given back or lost meanwhile: a late completion
        lanes[slot].end(record, finished: finished, isAnswered: isAnswered)
        requeue(slot)
        noteDrained(slot)
    }

    private mutating func restart(_ slot: Int, at offset: Offset) -> [RecordID] {
        let dropped = dropWaiting(slot)
        let old = lanes[slot]
        lanes[slot] = Lane(partition: old.partition, epoch: nextEpoch(), tracker: OffsetTracker(position: offset))
        lanes[slot].isInStartLine = old.isInStartLine
        lanes[slot].isInPollLine = old.isInPollLine
        _ = lanes[slot].deliver(offset)
        return dropped
    }

    /// Puts a lane that can go on at the end of its line, if it is not in it.
    private mutating func requeue(_ slot: Int) {
        if !lanes[slot].isInStartLine, lanes[slot].canStart(settings) {
            lanes[slot].isInStartLine = true
            startLine.append(slot)
        }
        if !lanes[slot].isInPollLine, lanes[slot].canPoll(settings) {
            lanes[slot].isInPollLine = true
            pollLine.append(slot)
        }
    }

    private mutating func noteDrained(_ slot: Int) {
        guard lanes[slot].phase == .draining, lanes[slot].unendedCount == 0 else { return }
        drainedLine.append(slot)
    }
}

// MARK: - Commits

extension PartitionScheduler {
    /// What has changed since the last call and may be committed now.
    public mutating func takeCommits() -> [TopicPartition: CommittedPosition] {
        var commits: [TopicPartition: CommittedPosition] = [:]
        for (partition, slot) in slots where lanes[slot].isDirty {
            commits[partition] = takeCommit(slot)
        }
        return commits
    }

    /// What may be committed for one partition, whether or not it has changed; nil while no position is known.
    public mutating func takeCommit(of partition: TopicPartition) -> CommittedPosition? {
        slots[partition].flatMap { takeCommit($0) }
    }

    /// A commit did not reach the broker: `takeCommits` is to hand it out again.
    public mutating func commitFailed(_ partition: TopicPartition) {
        guard let slot = slots[partition] else { return }
        lanes[slot].isDirty = true
        lanes[slot].handedOut = nil
    }

    /// What a transaction that also writes the outcomes of `records` may commit: positions as they will be when those
    /// are finished, wherever that differs from what was handed out last. `finished` follows when it is committed,
    /// `commitFailed` when it was not.
    public mutating func takeCommits(finishing records: [RecordID]) -> [TopicPartition: CommittedPosition] {
        var ending: [Int: [Offset]] = [:]
        for record in records where lanes[Int(record.slot)].epoch == record.epoch {
            ending[Int(record.slot), default: []].append(record.offset)
        }
        var commits: [TopicPartition: CommittedPosition] = [:]
        for (partition, slot) in slots where lanes[slot].isDirty || ending[slot] != nil {
            lanes[slot].isDirty = false
            let offsets = ending[slot] ?? []
            guard let commit = lanes[slot].commit(budget: settings.metadataBudget, finishing: offsets),
                commit.position != lanes[slot].handedOut
            else { continue }
            if commit.isCut { cutCommits += 1 }
            lanes[slot].handedOut = commit.position
            commits[partition] = commit.position
        }
        return commits
    }

    /// Whether a transaction would have a position to commit although no outcome waits for it.
    public mutating func hasChangedPositions() -> Bool {
        var hasChanged = false
        for slot in slots.values where lanes[slot].isDirty {
            let position = lanes[slot].commit(budget: settings.metadataBudget)?.position
            lanes[slot].isDirty = position != nil && position != lanes[slot].handedOut
            hasChanged = hasChanged || lanes[slot].isDirty
        }
        return hasChanged
    }

    private mutating func takeCommit(_ slot: Int) -> CommittedPosition? {
        lanes[slot].isDirty = false
        guard let commit = lanes[slot].commit(budget: settings.metadataBudget) else { return nil }
        if commit.isCut { cutCommits += 1 }
        return commit.position
    }
}

extension PartitionScheduler {
    /// The number of the partition's current assignment; 0 while it has none.
    func epoch(of partition: TopicPartition) -> UInt32 {
        slots[partition].map { lanes[$0].epoch } ?? 0
    }
}
