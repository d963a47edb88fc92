/// What was used in one UTC minute.
struct MinuteUsage: Hashable, Sendable {
    var minute = Int64.min
    var requests = 0
    var tokens = 0
    var inputTokens = 0
    var outputTokens = 0

    static func none(in minute: Int64) -> MinuteUsage {
        var usage = MinuteUsage()
        usage.minute = minute
        return usage
    }

    /// Saturates: the numbers come from other processes.
    mutating func add(_ other: MinuteUsage) {
        requests = requests.addingClamped(other.requests)
        tokens = tokens.addingClamped(other.tokens)
        inputTokens = inputTokens.addingClamped(other.inputTokens)
        outputTokens = outputTokens.addingClamped(other.outputTokens)
    }
}

/// The usage of two neighbouring minutes: where one clock has begun the next minute, another is still in the last.
struct MinutePair: Hashable, Sendable {
    private var even = MinuteUsage()
    private var odd = MinuteUsage()

    /// Nothing for a minute that is neither of the two.
    subscript(minute: Int64) -> MinuteUsage {
        let usage = minute & 1 == 0 ? even : odd
        return usage.minute == minute ? usage : .none(in: minute)
    }

    mutating func set(_ usage: MinuteUsage) {
        if usage.minute & 1 == 0 { even = usage } else { odd = usage }
    }
}

extension Int {
    func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
