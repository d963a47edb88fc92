import Routing
import Time

/// A second, simple-minded account of the deliberate differences from LiteLLM (routing reference, section 13).
///
/// Where the router differs from a recording, the replay asks here whether the difference is one we want: is the
/// deployment cooling down, over its limit, or not what the strategy should prefer, by these rules? It shares no code
/// with the router, keeps everything it is told, and so is easy to check by eye.
struct DeviationModel: Sendable {
    private struct Sample {
        var deployment: Int
        var value: Double
        var time: Instant
    }

    private let settings: RouterSettings
    private let deployments: [Deployment]
    private var starts: [(deployment: Int, time: Instant)] = []
    private var tokens: [(deployment: Int, count: Int, time: Instant)] = []
    private var failures: [(deployment: Int, time: Instant)] = []
    private var samples: [Sample] = []
    private var firstTokens: [Sample] = []
    private(set) var cooldownEnds: [Int: Instant] = [:]
    private(set) var inFlight: [Int: Int] = [:]

    init(settings: RouterSettings, deployments: [Deployment]) {
        self.settings = settings
        self.deployments = deployments
    }

    mutating func called(_ deployment: Int, now: Instant) {
        starts.append((deployment, now))
        inFlight[deployment, default: 0] += 1
    }

    mutating func finished(
        _ outcome: AttemptOutcome, of deployment: Int, begun: Instant, cooldown: Duration?, now: Instant
    ) {
        inFlight[deployment, default: 0] -= 1
        switch outcome {
        case .success(let usage, let timeToFirstToken, _):
            tokens.append((deployment, usage?.totalTokens ?? 0, now))
            let seconds = now.since(begun).inSeconds
            let count = usage?.completionTokens ?? 0
            samples.append(
                Sample(deployment: deployment, value: count > 0 ? seconds / Double(count) : seconds, time: now))
            if let timeToFirstToken {
                firstTokens.append(Sample(deployment: deployment, value: timeToFirstToken.inSeconds, time: now))
            }
        case .failure:
            failures.append((deployment, now))
            // The later deadline wins.
            if let cooldown {
                cooldownEnds[deployment] = max(cooldownEnds[deployment] ?? now, now.advanced(by: cooldown))
            }
        case .abandoned: break
        }
    }

    func isCoolingDown(_ deployment: Int, now: Instant) -> Bool { cooldownEnds[deployment].map { $0 > now } ?? false }

    func cooldownRemaining(_ deployment: Int, now: Instant) -> Double {
        cooldownEnds[deployment].map { max($0.since(now).inSeconds, 0) } ?? 0
    }

    /// Where `allowed_fails` is written anywhere, more than that many failures in a sliding minute must bench.
    func shouldBeCoolingDown(_ deployment: Int, now: Instant) -> Bool? {
        guard let allowed = settings.allowedFails, !settings.disableCooldowns else { return nil }
        let recent = failures.filter { $0.deployment == deployment && now.since($0.time) < .seconds(60) }
        guard recent.count > allowed, let last = recent.last else { return false }
        return now.since(last.time) < (deployments[deployment].cooldownTime ?? settings.cooldownTime ?? .seconds(5))
    }

    /// Requests sent and tokens answered in the minute of `now`.
    func usage(of deployment: Int, now: Instant) -> (requests: Int, tokens: Int) {
        let minute = { (time: Instant) in time.nanoseconds / 60_000_000_000 }
        return (
            starts.count { $0.deployment == deployment && minute($0.time) == minute(now) },
            tokens.filter { $0.deployment == deployment && minute($0.time) == minute(now) }.reduce(0) { $0 + $1.count }
        )
    }

    /// rpm N admits N.
    func isOverRequestLimit(_ deployment: Int, now: Instant) -> Bool {
        guard let limit = deployments[deployment].limits.requestsPerMinute else { return false }
        return usage(of: deployment, now: now).requests >= limit
    }

    func latencies(of deployment: Int, isFirstToken: Bool, now: Instant) -> [Double] {
        let ttl = settings.strategyArguments.ttl ?? .seconds(3600)
        return (isFirstToken ? firstTokens : samples)
            .filter { $0.deployment == deployment && now.since($0.time) < ttl }
            .suffix(settings.strategyArguments.maxLatencyListSize).map(\.value)
    }

    /// What latency-based routing should draw from: the unmeasured first, each sample aging by itself, and neither
    /// what has just failed nor, among the unmeasured, what is being tried.
    func latencyFinalists(_ candidates: [Int], isStream: Bool, now: Instant) -> Set<Int> {
        let blemished = candidates.filter { candidate in
            failures.contains { $0.deployment == candidate && now.since($0.time) < .seconds(30) }
        }
        let sound = candidates.filter { !blemished.contains($0) && inFlight[$0, default: 0] == 0 }
        let unmeasured = sound.filter { latencies(of: $0, isFirstToken: false, now: now).isEmpty }
        if !unmeasured.isEmpty { return Set(unmeasured) }
        let values = sound.map { ($0, value(of: $0, isStream: isStream, now: now)) }
        guard let lowest = values.map(\.1).min() else { return Set(candidates) }
        let bound = lowest * (1 + settings.strategyArguments.lowestLatencyBuffer) + 1e-12
        return Set(values.filter { $0.1 <= bound }.map(\.0))
    }

    private func value(of deployment: Int, isStream: Bool, now: Instant) -> Double {
        let streamed = isStream ? latencies(of: deployment, isFirstToken: true, now: now) : []
        if let fraction = settings.strategyArguments.ttftPercentile, !streamed.isEmpty {
            return streamed.sorted()[max(Int((Double(streamed.count) * fraction).rounded(.up)) - 1, 0)]
        }
        let list = streamed.isEmpty ? latencies(of: deployment, isFirstToken: false, now: now) : streamed
        return list.isEmpty ? .infinity : list.reduce(0, +) / Double(list.count)
    }

    /// The cheapest by configured or known price, the first of equals.
    func cheapest(_ candidates: [Int]) -> Int? {
        let price = { (position: Int) in deployments[position].prices.map { $0.input + $0.output } ?? 10 }
        return candidates.min { (price($0), $0) < (price($1), $1) }
    }

    /// The fewest in flight: all of them, not the first in the list.
    func leastBusy(_ candidates: [Int]) -> Set<Int> {
        let fewest = candidates.map { inFlight[$0, default: 0] }.min()
        return Set(candidates.filter { inFlight[$0, default: 0] == fewest })
    }
}
