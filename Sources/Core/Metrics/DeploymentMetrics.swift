import Time

/// What is counted for one deployment within one model group.
struct DeploymentMetrics: Sendable {
    private struct Count<Key: Equatable & Sendable>: Sendable {
        let key: Key
        var count: Int
    }

    let id: String
    private var attempts: [Count<Int>] = []
    private var errors: [Count<String>] = []
    private var cooldowns = 0
    private var tokens = RoutingEvent.Tokens(prompt: 0, completion: 0, total: 0)
    private var cost = 0.0
    private var duration = Histogram(.requests)
    /// Only streaming calls have one: nil until the first.
    private var timeToFirstToken: Histogram?
    /// Nil unless somebody exports them.
    private var genAI: GenAIMetrics?

    /// Statuses and error classes come from short lists; a peer that invents more shares one count.
    private static let maximumKinds = 32

    init(id: String) { self.id = id }

    mutating func record(_ attempt: RoutingEvent.Attempt) {
        Self.increment(&attempts, attempt.status, beyondBound: 0)
        if let error = attempt.errorType { Self.increment(&errors, error, beyondBound: RelayMetrics.unknownLabel) }
        if attempt.cooldown != nil { cooldowns += 1 }
        duration.record(attempt.latency.inSeconds)
        if let time = attempt.timeToFirstToken {
            timeToFirstToken = timeToFirstToken ?? Histogram(.requests)
            timeToFirstToken?.record(time.inSeconds)
        }
    }

    /// Counts the call once more, as the GenAI conventions have it.
    mutating func recordGenAI(_ attempt: RoutingEvent.Attempt) {
        let model = id == RelayMetrics.unknownLabel ? id : attempt.deployment.model
        if genAI?.model != model { genAI = GenAIMetrics(model: model, region: attempt.deployment.region) }
        genAI?.record(attempt)
    }

    mutating func record(tokens used: RoutingEvent.Tokens?, cost dollars: Double?) {
        if let used {
            tokens.prompt += used.prompt
            tokens.completion += used.completion
            tokens.cacheRead += used.cacheRead
            tokens.cacheWrite += used.cacheWrite
            genAI?.record(used)
        }
        cost += dollars ?? 0
    }

    private static func increment<Key>(_ counts: inout [Count<Key>], _ key: Key, beyondBound: Key) {
        if let index = counts.firstIndex(where: { $0.key == key }) {
            counts[index].count += 1
        } else if counts.count < maximumKinds || key == beyondBound {
            counts.append(Count(key: key, count: 1))
        } else {
            increment(&counts, beyondBound, beyondBound: beyondBound)
        }
    }

    func append(to metrics: inout GenAIFamilies, group: String, server: OTLPServer?) {
        genAI?.append(to: &metrics, group: group, deployment: id, server: server)
    }

    func append(to families: inout RequestFamilies, group: String) {
        for entry in attempts { families.attempts.append(.integer(entry.count), labels: group, id, "\(entry.key)") }
        for entry in errors { families.attemptErrors.append(.integer(entry.count), labels: group, id, entry.key) }
        families.cooldowns.append(.integer(cooldowns), labels: group, id)
        families.tokens.append(.integer(tokens.prompt), labels: group, id, "prompt")
        families.tokens.append(.integer(tokens.completion), labels: group, id, "completion")
        families.tokens.append(.integer(tokens.cacheRead), labels: group, id, "cache_read")
        families.tokens.append(.integer(tokens.cacheWrite), labels: group, id, "cache_write")
        families.cost.append(.double(cost), labels: group, id)
        families.attemptDuration.append(.histogram(duration), labels: group, id)
        if let timeToFirstToken {
            families.timeToFirstToken.append(.histogram(timeToFirstToken), labels: group, id)
        }
    }
}

/// The families that finished requests feed, while they are being filled.
struct RequestFamilies {
    var requests = MetricFamily(.requests)
    var attempts = MetricFamily(.attempts)
    var attemptErrors = MetricFamily(.attemptErrors)
    var retries = MetricFamily(.retries)
    var fallbacks = MetricFamily(.fallbacks)
    var cooldowns = MetricFamily(.cooldowns)
    var tokens = MetricFamily(.tokens)
    var cost = MetricFamily(.cost)
    var requestDuration = MetricFamily(.requestDuration)
    var requestQueue = MetricFamily(.requestQueue)
    var requestWait = MetricFamily(.requestWait)
    var requestUpstream = MetricFamily(.requestUpstream)
    var requestOverhead = MetricFamily(.requestOverhead)
    var attemptDuration = MetricFamily(.attemptDuration)
    var timeToFirstToken = MetricFamily(.timeToFirstToken)

    var all: [MetricFamily] {
        [
            requests, attempts, attemptErrors, retries, fallbacks, cooldowns, tokens, cost, requestDuration,
            requestQueue, requestWait, requestUpstream, requestOverhead, attemptDuration, timeToFirstToken,
        ]
    }
}
