import Routing

/// What a recorded request should look like in ours: the record, changed by those rules of section 13 that hold
/// for every request and can be worked out from the record alone.
struct Expectation: Sendable {
    var attempts: [(deployment: String, status: Int?)]
    /// Pauses that are not zero; nil: not comparable.
    var sleeps: [Double]?
    var elapsed: Double?
    var result: JSONNode?
    /// `num_retries_per_request` ends the request with the last upstream error.
    var endsWithLastAttempt = false

    init(record: JSONNode) {
        attempts = (record["attempts"]?.array ?? []).map { ($0["deployment"]?.text ?? "", $0["status"]?.int) }
        sleeps = record["sleeps"]?.array.map { $0.compactMap(\.double).filter { $0 > 0 } }
        elapsed = record["elapsed"]?.double
        result = record["result"]
    }

    /// LiteLLM's router refused by itself: the message is not the provider's.
    var isRefusal: Bool {
        guard let result, !isSuccess else { return false }
        return result["message_prefix"]?.text?.contains("BedrockException") != true
    }

    var isSuccess: Bool { result?["ok"]?.isTrue ?? false }

    /// The cap over all retries: LiteLLM sleeps on and answers 500.
    mutating func applyRequestCap(_ settings: RouterSettings) {
        guard settings.numRetriesPerRequest != nil,
            result?["message_prefix"]?.text?.contains("Max retries per request hit") == true
        else { return }
        endsWithLastAttempt = true
        sleeps = nil
        elapsed = nil
    }

    /// `max_fallbacks` counts the groups tried, not only the depth: what was tried beyond is cut off.
    mutating func applyMaxFallbacks(_ limit: Int, groupOf: (String) -> String?) {
        var groups: [String?] = []
        for (index, attempt) in attempts.enumerated() {
            let group = groupOf(attempt.deployment)
            if !groups.contains(group) { groups.append(group) }
            guard groups.count > limit + 1 else { continue }
            attempts.removeSubrange(index...)
            (sleeps, elapsed) = (nil, nil)
            if isSuccess { result = nil }
            return
        }
    }

    /// One group's turn of ours.
    struct Run: Sendable {
        var calls = 0
        var sleeps: [Double] = []
        /// What LiteLLM would sleep after the last of its failures.
        var useless = 0.0
    }

    /// Pauses only differ from the record's in ways we want: none after a group's last attempt, and `retry-after` is
    /// obeyed where all of a group share one quota (`shared`: those pauses, which the record lacks).
    func explains(_ runs: [Run], shared: [Double]) -> Bool {
        guard let sleeps else { return true }
        return Self.matches(runs[...], sleeps[...], shared)
    }

    private static func matches(_ runs: ArraySlice<Run>, _ recorded: ArraySlice<Double>, _ shared: [Double]) -> Bool {
        guard let run = runs.first else { return recorded.isEmpty }
        let own = run.sleeps.filter { !shared.contains($0) || recorded.first == $0 }
        guard own.count <= recorded.count, zip(own, recorded).allSatisfy({ abs($0 - $1) < 0.051 }) else { return false }
        let rest = recorded.dropFirst(own.count)
        if matches(runs.dropFirst(), rest, shared) { return true }
        guard let extra = rest.first, abs(extra - run.useless) < 0.051 else { return false }
        return matches(runs.dropFirst(), rest.dropFirst(), shared)
    }
}
