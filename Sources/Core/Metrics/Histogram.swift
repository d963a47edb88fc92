/// How often a value fell into each bucket: durations in seconds, but for `genAITokens`.
public struct Histogram: Hashable, Sendable {
    /// The buckets' inclusive upper bounds, ascending; what is above the last one has a bucket of its own.
    public struct Bounds: Hashable, Sendable {
        public let upper: [Double]

        public init(_ upper: [Double]) {
            precondition(zip(upper, upper.dropFirst()).allSatisfy(<), "bucket bounds must ascend")
            self.upper = upper
        }

        /// For what a model or a queue takes: 10 ms to 10 minutes.
        public static let requests = Bounds([
            0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600,
        ])
        /// For what we add ourselves: 100 us to 5 s.
        public static let overhead = Bounds([
            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
        ])
    }

    public let bounds: Bounds
    /// One count for each bound, and one for what is above them all. Not cumulative.
    public private(set) var counts: [Int]
    public private(set) var sum = 0.0

    public init(_ bounds: Bounds) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.upper.count + 1)
    }

    public var count: Int { counts.reduce(0, +) }

    /// Nil when nothing was counted.
    var nonEmpty: Histogram? { count == 0 ? nil : self }

    /// What was counted after `earlier`; nil when that is no earlier state of this histogram.
    func since(_ earlier: Histogram) -> Histogram? {
        guard bounds == earlier.bounds, zip(counts, earlier.counts).allSatisfy(>=) else { return nil }
        var rest = self
        rest.counts = zip(counts, earlier.counts).map { $0 - $1 }
        rest.sum = max(sum - earlier.sum, 0)
        return rest
    }

    /// Counts one value; a negative one (clocks of two machines) counts as zero, NaN not at all.
    public mutating func record(_ value: Double) {
        if value.isNaN { return }
        let value = max(value, 0)
        var (low, high) = (0, bounds.upper.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds.upper[middle] < value { low = middle + 1 } else { high = middle }
        }
        counts[low] += 1
        sum += value
    }
}
