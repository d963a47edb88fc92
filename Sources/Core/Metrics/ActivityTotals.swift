/// What has been done since the process started, by model group; or within a time, as the difference of two of these.
///
/// The counters' own values once more, in the shape that people ask for: made when somebody looks, so finished requests
/// are counted once only.
public struct ActivityTotals: Hashable, Sendable {
    /// In the order of the configuration.
    public private(set) var groups: [ModelGroupTotals] = []
    /// Failed provider calls of each deployment, by error class.
    public private(set) var errors: [String: [String: Int]] = [:]

    /// Of all groups together.
    public var total: ModelGroupTotals {
        groups.reduce(into: ModelGroupTotals(name: "")) { $0.add($1) }
    }

    public init() {}

    /// Reads the metrics of `RelayMetrics.families`.
    public init(_ families: [MetricFamily]) {
        for family in families { read(family) }
    }

    /// What has come since `earlier`, of the same process.
    public func since(_ earlier: ActivityTotals) -> ActivityTotals {
        var difference = self
        for group in earlier.groups {
            guard let index = difference.groups.firstIndex(where: { $0.name == group.name }) else { continue }
            difference.groups[index].subtract(group)
        }
        for (deployment, counts) in earlier.errors {
            difference.errors[deployment]?.merge(counts) { $0 - $1 }
        }
        difference.errors = difference.errors.mapValues { $0.filter { $0.value > 0 } }.filter { !$0.value.isEmpty }
        return difference
    }

    private mutating func read(_ family: MetricFamily) {
        for point in family.points {
            guard let group = point.labels.first else { return }  // a metric without groups
            switch (family.definition, point.value) {
            case (.requests, .integer(let count)):
                self[group].add(count, outcome: RoutingEvent.Outcome(rawValue: point.labels[1]))
            case (.retries, .integer(let count)): self[group].retries += count
            case (.fallbacks, .integer(let count)): self[group].fallbacks += count
            case (.tokens, .integer(let count)) where point.labels[2] == "prompt": self[group].promptTokens += count
            case (.tokens, .integer(let count)) where point.labels[2] == "completion":
                self[group].completionTokens += count
            case (.cost, .double(let dollars)): self[group].cost += dollars
            case (.requestDuration, .histogram(let durations)): self[group].add(durations)
            case (.attemptErrors, .integer(let count)):
                errors[point.labels[1], default: [:]][point.labels[2], default: 0] += count
            case (_, _): break  // not shown
            }
        }
    }

    private subscript(group: String) -> ModelGroupTotals {
        get { groups.first { $0.name == group } ?? ModelGroupTotals(name: group) }
        set {
            if let index = groups.firstIndex(where: { $0.name == group }) {
                groups[index] = newValue
            } else {
                groups.append(newValue)
            }
        }
    }
}

/// One model group's share of `ActivityTotals`.
public struct ModelGroupTotals: Hashable, Sendable {
    public let name: String
    public fileprivate(set) var success = 0
    public fileprivate(set) var error = 0
    public fileprivate(set) var invalid = 0
    public fileprivate(set) var retries = 0
    public fileprivate(set) var fallbacks = 0
    public fileprivate(set) var promptTokens = 0
    public fileprivate(set) var completionTokens = 0
    /// US dollars.
    public fileprivate(set) var cost = 0.0
    /// Requests by duration: one count for each bucket of `Histogram.Bounds.requests`, and one for what is above.
    private var durations = [Int](repeating: 0, count: Histogram.Bounds.requests.upper.count + 1)

    init(name: String) { self.name = name }

    /// The duration in seconds that the share `rank` (0...1) of the requests did not exceed; nil without requests.
    ///
    /// Exact to a bucket, and within it as if its requests were spread evenly. What is above the last bound counts as it.
    public func durationQuantile(_ rank: Double) -> Double? {
        let total = durations.reduce(0, +)
        guard total > 0 else { return nil }
        let wanted = rank * Double(total)
        let upper = Histogram.Bounds.requests.upper
        var below = 0
        for (index, bound) in upper.enumerated() {
            let count = durations[index]
            if count > 0, Double(below + count) >= wanted {
                let lower = index == 0 ? 0 : upper[index - 1]
                return lower + (bound - lower) * max(wanted - Double(below), 0) / Double(count)
            }
            below += count
        }
        return upper.last
    }

    fileprivate mutating func add(_ count: Int, outcome: RoutingEvent.Outcome?) {
        switch outcome {
        case .success: success += count
        case .error: error += count
        case .invalid: invalid += count
        case nil: break
        }
    }

    fileprivate mutating func add(_ histogram: Histogram) {
        guard histogram.counts.count == durations.count else { return }
        for (index, count) in histogram.counts.enumerated() { durations[index] += count }
    }

    fileprivate mutating func add(_ other: ModelGroupTotals) { combine(with: other, +, +) }

    fileprivate mutating func subtract(_ earlier: ModelGroupTotals) { combine(with: earlier, -, -) }

    private mutating func combine(
        with other: ModelGroupTotals, _ integers: (Int, Int) -> Int, _ doubles: (Double, Double) -> Double
    ) {
        success = integers(success, other.success)
        error = integers(error, other.error)
        invalid = integers(invalid, other.invalid)
        retries = integers(retries, other.retries)
        fallbacks = integers(fallbacks, other.fallbacks)
        promptTokens = integers(promptTokens, other.promptTokens)
        completionTokens = integers(completionTokens, other.completionTokens)
        cost = doubles(cost, other.cost)
        durations = zip(durations, other.durations).map(integers)
    }
}
