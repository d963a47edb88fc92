/// Which outcomes wait for a transaction, and which are in the one under way (`delivery: exactly_once`).
///
/// An outcome is everything a request's end writes; here it is only who it belongs to: whoever runs the transactions
/// holds the records. Outcomes keep the order they came in. None is in a second transaction unless the first was
/// aborted, and each leaves exactly once: committed, handed back or dropped.
public struct TransactionQueue: Sendable {
    public struct Outcome: Hashable, Sendable {
        public let record: RecordID
        public let partition: TopicPartition
        public let bytes: Int

        public init(record: RecordID, partition: TopicPartition, bytes: Int) {
            self.record = record
            self.partition = partition
            self.bytes = bytes
        }
    }

    /// How a transaction ended.
    public enum End: Sendable {
        /// All of it is visible.
        case committed
        /// None of it is visible.
        ///
        /// `failed`: outcomes whose own records failed; they are handed back. `suspected`: those that failed in a way that
        /// others in the transaction may be to blame for, since a batch of records can fail as one. Each of them has the
        /// next transaction to itself, and is handed back when it fails there as well.
        case aborted(failed: Set<RecordID> = [], suspected: Set<RecordID> = [])
    }

    /// What has become of outcomes; the rest wait for the next transaction.
    public struct Settlement: Hashable, Sendable {
        public var committed: [RecordID] = []
        /// Not to be had like this: whoever gave them may give another outcome for the same records.
        public var handedBack: [RecordID] = []
        /// Given up while the transaction was under way, and it was aborted.
        public var dropped: [RecordID] = []
    }

    /// In order; `suspects` come before `waiting`.
    private var suspects = Queue<Outcome>()
    private var waiting = Queue<Outcome>()
    private var underWay: [Outcome] = []
    private var givenUp: Set<RecordID> = []
    public private(set) var isUnderWay = false

    public init() {}

    /// Whether no outcome waits.
    public var isEmpty: Bool { suspects.isEmpty && waiting.isEmpty }

    public mutating func add(_ outcome: Outcome) {
        waiting.append(outcome)
    }

    /// Starts a transaction with what waits, up to `bytes`, but at least one outcome if there is any.
    public mutating func begin(bytes limit: Int = .max) -> [Outcome] {
        precondition(!isUnderWay, "one transaction at a time")
        isUnderWay = true
        givenUp = []
        if let suspect = suspects.popFirst() {
            underWay = [suspect]
            return underWay
        }
        underWay = []
        var bytes = 0
        while let next = waiting.first, underWay.isEmpty || bytes + next.bytes <= limit {
            waiting.popFirst()
            bytes += next.bytes
            underWay.append(next)
        }
        return underWay
    }

    /// Ends the transaction under way.
    public mutating func end(_ end: End) -> Settlement {
        precondition(isUnderWay, "no transaction is under way")
        isUnderWay = false
        let ended = underWay
        underWay = []
        var settlement = Settlement()
        switch end {
        case .committed:
            settlement.committed = ended.map(\.record)
        case .aborted(var failed, let suspected):
            if ended.count == 1 { failed.formUnion(suspected) }
            settlement.dropped = ended.map(\.record).filter { givenUp.contains($0) }
            let kept = ended.filter { !givenUp.contains($0.record) }
            settlement.handedBack = kept.map(\.record).filter { failed.contains($0) }
            let rest = kept.filter { !failed.contains($0.record) }
            Self.prepend(rest.filter { suspected.contains($0.record) }, to: &suspects)
            Self.prepend(rest.filter { !suspected.contains($0.record) }, to: &waiting)
        }
        return settlement
    }

    /// Gives up the outcomes of `partitions` and returns those dropped at once. What is in the transaction under way is
    /// settled with its end: it may be committed all the same.
    public mutating func giveUp(_ partitions: Set<TopicPartition>) -> [RecordID] {
        for outcome in underWay where partitions.contains(outcome.partition) { givenUp.insert(outcome.record) }
        return Self.remove(partitions, from: &suspects) + Self.remove(partitions, from: &waiting)
    }

    private static func prepend(_ outcomes: [Outcome], to queue: inout Queue<Outcome>) {
        guard !outcomes.isEmpty else { return }
        var longer = Queue<Outcome>()
        for outcome in outcomes { longer.append(outcome) }
        while let outcome = queue.popFirst() { longer.append(outcome) }
        queue = longer
    }

    private static func remove(_ partitions: Set<TopicPartition>, from queue: inout Queue<Outcome>) -> [RecordID] {
        var removed: [RecordID] = []
        var rest = Queue<Outcome>()
        while let outcome = queue.popFirst() {
            if partitions.contains(outcome.partition) { removed.append(outcome.record) } else { rest.append(outcome) }
        }
        queue = rest
        return removed
    }
}
