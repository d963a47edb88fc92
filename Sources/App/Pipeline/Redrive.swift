public import Partitions

/// Decides which dead letters to re-submit, and keeps what has been, so that none is re-submitted twice.
///
/// Like the consumer it remembers a position per partition and what it finished beyond it: a letter that is left out
/// today can be re-submitted tomorrow, while those behind it stay done.
public struct Redrive: Sendable {
    public struct Settings: Sendable {
        /// Topics that requests may be re-submitted to, with their numbers of partitions.
        public var topics: [String: Int32]
        /// Empty: every type.
        public var errorTypes: Set<String>
        /// How many at most.
        public var limit: Int?
        /// Requests re-submitted so often already are left where they are.
        public var maxRedrives: Int

        public init(topics: [String: Int32], errorTypes: Set<String>, limit: Int?, maxRedrives: Int) {
            self.topics = topics
            self.errorTypes = errorTypes
            self.limit = limit
            self.maxRedrives = maxRedrives
        }
    }

    public enum Verdict: Sendable {
        /// To be re-submitted, and then reported by `submitted`.
        case submit(DeadLetter)
        /// An earlier run did.
        case done
        case left(Reason)
    }

    /// Why a letter stays.
    public enum Reason: Hashable, Sendable {
        /// Not written by the relay.
        case foreign
        /// The request came from this topic, which is not one to write to.
        case topic(String)
        case errorType
        case redrivenOften
        /// What is done beyond the first letter that is left would not fit the commit's metadata.
        case tooFarBehind
    }

    private let settings: Settings
    private var trackers: [TopicPartition: OffsetTracker]
    private var chosen = 0

    /// What brokers take without further ado (`offset.metadata.max.bytes` is 4,096).
    private static let metadataBudget = 4000

    public init(settings: Settings, progress: [TopicPartition: CommittedPosition]) {
        self.settings = settings
        trackers = progress.mapValues { committed in
            let map = committed.offset.flatMap { CompletedMap(text: committed.metadata, position: $0) }
            return OffsetTracker(position: committed.offset, completed: map ?? CompletedMap())
        }
    }

    public var isLimitReached: Bool { settings.limit.map { chosen >= $0 } ?? false }

    /// What to do with the next record of its partition. Records of a partition are to come in order.
    public mutating func judge(_ record: ConsumerRecord) -> Verdict {
        switch deliver(record) {
        case .finished: return .done
        case .unfinished, .wentBack: break
        }
        guard let letter = DeadLetter(record) else { return .left(.foreign) }
        if settings.topics[letter.source.topic] ?? 0 == 0 { return .left(.topic(letter.source.topic)) }
        if !settings.errorTypes.isEmpty, !settings.errorTypes.contains(letter.errorType) { return .left(.errorType) }
        if letter.redrives >= settings.maxRedrives { return .left(.redrivenOften) }
        guard canRemember(record) else { return .left(.tooFarBehind) }
        chosen += 1
        return .submit(letter)
    }

    /// The letters at these offsets are being re-submitted: the progress to write with them.
    public mutating func submitted(
        _ offsets: [TopicPartition: [Offset]]
    ) -> [TopicPartition: CommittedPosition] {
        var progress: [TopicPartition: CommittedPosition] = [:]
        for (partition, offsets) in offsets {
            for offset in offsets { trackers[partition]?.finish(offset) }
            guard let tracker = trackers[partition], let position = tracker.position,
                let metadata = tracker.completedMap().text(at: position, budget: Self.metadataBudget)
            else { preconditionFailure("a dead letter was chosen whose progress cannot be written") }
            progress[partition] = CommittedPosition(offset: position, metadata: metadata)
        }
        return progress
    }

    private mutating func deliver(_ record: ConsumerRecord) -> OffsetTracker.Delivery {
        let delivery = trackers[record.source, default: OffsetTracker()].deliver(record.offset)
        guard case .wentBack = delivery else { return delivery }
        // The topic was deleted and created again: what was done belongs to letters that are no more.
        var tracker = OffsetTracker(position: record.offset)
        _ = tracker.deliver(record.offset)
        trackers[record.source] = tracker
        return .unfinished
    }

    private func canRemember(_ record: ConsumerRecord) -> Bool {
        guard let tracker = trackers[record.source], let position = tracker.position else { return true }
        return CompletedMap.alwaysFits(
            span: record.offset.rawValue - position.rawValue, unfinished: tracker.unfinishedCount,
            budget: Self.metadataBudget)
    }
}
