/// Which delivered offsets of one partition are finished, and how far it is safe to commit.
///
/// Records finish in any order, but Kafka stores one position per partition. That position is the lowest
/// unfinished offset: a crash repeats work and loses none. Offsets are not consecutive (compaction and transaction
/// markers leave gaps), so the position moves over what was *delivered*, never by adding one.
public struct OffsetTracker: Sendable {
    private struct Entry: Sendable {
        var offset: Offset
        var isFinished: Bool
    }

    /// Everything delivered from the position on, ascending. The first entry is unfinished.
    private var delivered = Queue<Entry>()
    /// What earlier owners of the partition finished beyond the position they committed.
    private let inherited: CompletedMap
    private var inheritedIndex = 0
    /// The lowest offset that may still be delivered; nil until the first delivery of a group without a commit.
    private var nextUnseen: Offset?

    /// Delivered and not finished.
    public private(set) var unfinishedCount = 0

    public init(position: Offset? = nil, completed: CompletedMap = CompletedMap()) {
        nextUnseen = position
        inherited = completed
    }

    public enum Delivery: Sendable {
        /// To be started.
        case unfinished
        /// An earlier owner finished it: nothing to do.
        case finished
        /// The offset is lower than one already delivered, as after a topic was deleted and created again. Nothing
        /// was recorded: what this tracker knows is about records that are no more.
        case wentBack
    }

    public mutating func deliver(_ offset: Offset) -> Delivery {
        if let nextUnseen, offset < nextUnseen { return .wentBack }
        nextUnseen = offset.next
        let isFinished = wasInherited(offset)
        if isFinished {
            if !delivered.isEmpty { delivered.append(Entry(offset: offset, isFinished: true)) }
            return .finished
        }
        delivered.append(Entry(offset: offset, isFinished: false))
        unfinishedCount += 1
        return .unfinished
    }

    /// Marks `offset` finished; false when it was never delivered or is finished already.
    @discardableResult
    public mutating func finish(_ offset: Offset) -> Bool {
        guard let index = index(of: offset), !delivered[index].isFinished else { return false }
        delivered[index].isFinished = true
        unfinishedCount -= 1
        while let first = delivered.first, first.isFinished { delivered.popFirst() }
        return true
    }

    /// The position to commit: the lowest unfinished offset, else one past the last delivered. Nil: not yet known.
    public var position: Offset? {
        if let first = delivered.first { return first.offset }
        guard let nextUnseen else { return nil }
        guard inheritedIndex < inherited.ranges.count else { return nextUnseen }
        let range = inherited.ranges[inheritedIndex]
        return range.contains(nextUnseen) ? range.upperBound : nextUnseen
    }

    /// How many finished offsets (gaps between them included) a commit of the position alone would forget.
    public var finishedBeyondPosition: Int64 {
        completedMap().ranges.reduce(0) { $0 + $1.upperBound.rawValue - $1.lowerBound.rawValue }
    }

    /// Finished offsets beyond the position, those not delivered to us again yet included: another crash must not
    /// forget them either.
    ///
    /// Offsets that were never delivered between two finished ones count as finished: they will never be delivered,
    /// and fewer ranges make a smaller map.
    public func completedMap() -> CompletedMap {
        var map = CompletedMap()
        var extendsLast = false
        for index in 0..<delivered.count {
            let entry = delivered[index]
            if entry.isFinished { map.append(entry.offset..<entry.offset.next, joining: extendsLast) }
            extendsLast = entry.isFinished
        }
        guard let nextUnseen, let position else { return map }
        for range in inherited.ranges[inheritedIndex...] where range.upperBound > max(nextUnseen, position) {
            map.append(max(range.lowerBound, nextUnseen)..<range.upperBound, joining: false)
        }
        return map
    }

    /// Offsets are delivered in ascending order, so inherited ranges are passed one after the other.
    private mutating func wasInherited(_ offset: Offset) -> Bool {
        while inheritedIndex < inherited.ranges.count, inherited.ranges[inheritedIndex].upperBound <= offset {
            inheritedIndex += 1
        }
        return inheritedIndex < inherited.ranges.count && inherited.ranges[inheritedIndex].contains(offset)
    }

    private func index(of offset: Offset) -> Int? {
        var low = 0
        var high = delivered.count
        while low < high {
            let middle = (low + high) / 2
            if delivered[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low < delivered.count && delivered[low].offset == offset ? low : nil
    }
}
