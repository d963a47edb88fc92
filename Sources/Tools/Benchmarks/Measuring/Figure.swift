/// A measured quantity: the median of its samples, and how far they lie apart.
struct Figure: Sendable {
    let median: Double
    /// Half of the interquartile range; nil for a single sample.
    let spread: Double?

    /// Nil without samples.
    init?(_ samples: [Double]) {
        guard !samples.isEmpty else { return nil }
        let sorted = samples.sorted()
        median = sorted.quantile(0.5)
        spread = sorted.count < 3 ? nil : (sorted.quantile(0.75) - sorted.quantile(0.25)) / 2
    }

    init(_ value: Double) {
        median = value
        spread = nil
    }
}

extension [Double] {
    /// The value that `share` of the elements do not exceed; the array is ascending and not empty.
    func quantile(_ share: Double) -> Double {
        self[Swift.min(Swift.max(Int((share * Double(count)).rounded(.up)) - 1, 0), count - 1)]
    }
}
