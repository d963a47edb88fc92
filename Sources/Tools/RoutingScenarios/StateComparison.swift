import Routing
import Time

/// Compares a recorded dump of LiteLLM's state with what ours amounts to. `minute_counters` are LiteLLM's own
/// bookkeeping; what they lead to shows in the cool-downs.
struct StateComparison {
    let world: ReplayWorld
    /// The record's past is not ours any more: only our own accounts must agree with each other.
    let hasDiverged: Bool

    func difference(from record: JSONNode) -> String? {
        let status = world.router.status(now: world.now)
        for (position, own) in status.enumerated() {
            let id = own.deployment.id.rawValue
            if let difference = cooldownDifference(own, position, record["cooldown_remaining"]?[id]?.double ?? 0)
                ?? usageDifference(own, position, record["usage"]?[id])
                ?? latencyDifference(own, position, record["latency"])
                ?? inFlightDifference(own, position, record["in_flight"])
            {
                return "state of \(id): \(difference)"
            }
        }
        return nil
    }

    private func cooldownDifference(_ own: DeploymentStatus, _ position: Int, _ recorded: Double) -> String? {
        let remaining = own.cooldownRemaining?.inSeconds ?? 0
        if abs(remaining - recorded) < 0.06 { return nil }
        // Benched by `allowed_fails` where LiteLLM is not, to a later deadline, or for 600 s instead of longer.
        let shouldCoolDown = world.model.shouldBeCoolingDown(position, now: world.now)
        let isDesired =
            abs(remaining - world.model.cooldownRemaining(position, now: world.now)) < 0.06
            && (remaining > recorded || hasDiverged || recorded > 600 || shouldCoolDown != nil)
            && shouldCoolDown != (remaining == 0)
        if isDesired && (world.scenario.deviation != nil || world.scenario.setsIgnoredCooldowns) { return nil }
        return "cools down \(remaining) s, recorded \(recorded) s"
    }

    /// Counters of the current minute: LiteLLM keeps the last one's a while.
    private func usageDifference(_ own: DeploymentStatus, _ position: Int, _ recorded: JSONNode?) -> String? {
        let model = world.model.usage(of: position, now: world.now)
        let (requests, tokens) = (own.requestsThisMinute, own.tokensThisMinute)
        guard (requests, tokens) == model else { return "rpm \(requests) tpm \(tokens), should be \(model)" }
        guard !hasDiverged, let recorded, let suffix = minuteSuffix else { return nil }
        let expected = (recorded["rpm@\(suffix)"]?.int ?? 0, recorded["tpm@\(suffix)"]?.int ?? 0)
        // A call that was refused is counted by LiteLLM and not by us.
        guard tokens == expected.1, requests == expected.0 || world.settings.enforceModelRateLimits else {
            return "rpm \(requests) tpm \(tokens), recorded \(expected)"
        }
        return nil
    }

    private var minuteSuffix: String? {
        let minutes = world.now.nanoseconds / 60_000_000_000 % 1440
        let two = { (number: Int64) in number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60))-\(two(minutes % 60))"
    }

    /// Without LiteLLM's made-up samples: the zeros of cold deployments and the 1000 s of a timeout.
    private func latencyDifference(_ own: DeploymentStatus, _ position: Int, _ recorded: JSONNode?) -> String? {
        guard let recorded, world.settings.strategy == .latencyBased else { return nil }
        for (isFirstToken, key, estimate) in [
            (false, "latency", own.latencyEstimate), (true, "ttft", own.timeToFirstTokenEstimate),
        ] {
            let samples = world.model.latencies(of: position, isFirstToken: isFirstToken, now: world.now)
            let mean = samples.isEmpty ? nil : samples.reduce(0, +) / Double(samples.count)
            if abs((estimate ?? -1) - (mean ?? -1)) > 1e-6 {
                return "mean \(key) \(estimate ?? -1), should be \(mean ?? -1)"
            }
            guard !hasDiverged else { continue }
            let list = recorded[own.deployment.group]?[own.deployment.id.rawValue]?[key]?.array ?? []
            let real = list.compactMap(\.double).filter { $0 > 0 && $0 < 1000 }
            guard real.count <= samples.count,
                zip(real, samples.suffix(real.count)).allSatisfy({ abs($0 - $1) < 0.002 })
            else { return "\(key) \(samples), recorded \(real)" }
        }
        return nil
    }

    private func inFlightDifference(_ own: DeploymentStatus, _ position: Int, _ recorded: JSONNode?) -> String? {
        let expected = world.model.inFlight[position] ?? 0
        guard own.inFlight == expected else { return "\(own.inFlight) in flight, should be \(expected)" }
        let key = "\(own.deployment.group)_request_count:\(own.deployment.id.rawValue)"
        guard !hasDiverged, let count = recorded?[key]?.int, count != own.inFlight else { return nil }
        return "\(own.inFlight) in flight, recorded \(count)"
    }
}
