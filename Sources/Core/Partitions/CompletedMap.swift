/// Offsets beyond a committed position that are finished already.
///
/// It travels in the commit's metadata, so that after a crash only what was in flight is repeated although one slow
/// record holds the position back. Its text form is in `CompletedMap+Text.swift`.
public struct CompletedMap: Hashable, Sendable {
    /// Ascending, not empty, not touching each other.
    public private(set) var ranges: [Range<Offset>] = []

    public init() {}

    public var isEmpty: Bool { ranges.isEmpty }

    /// Appends a range that starts at or after the end of the last one. `joining` also fills the offsets between.
    mutating func append(_ range: Range<Offset>, joining: Bool) {
        guard !range.isEmpty else { return }
        if let last = ranges.last, joining || last.upperBound >= range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
    }

    /// The same map without its upper half, for when it does not fit where it must go.
    func lowerHalf() -> CompletedMap {
        var half = CompletedMap()
        half.ranges = Array(ranges.prefix(ranges.count / 2))
        return half
    }
}
