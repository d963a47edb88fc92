import Time

/// `latency-based-routing`: the lowest measured latency, within `lowest_latency_buffer`.
///
/// A call in flight makes its deployment look that much slower, so that a burst does not all go to yesterday's
/// fastest. A deployment without samples is tried first, but by one call at a time, and so is one that comes back
/// from a cool-down; one that has failed without ever answering counts as slower than the slowest known.
struct LatencyBased {
    let arguments: RoutingStrategyArguments
    let isStream: Bool
    let now: Instant

    /// Stands for "not measured" among the values.
    private static let unmeasured = -1.0
    /// What being probed already costs: more than any difference in speed.
    private static let probeFactor = 1000.0

    func narrow(_ field: inout Field, states: [DeploymentState], peers: [PeerTotals]) -> SelectionReason {
        var slowest = 0.0
        var hasUntried = false
        for candidate in field.candidates {
            let value = states[candidate].latency.value(
                isStream: isStream, percentile: arguments.ttftPercentile, peers: peers[candidate])
            field.weights.append(value ?? Self.unmeasured)
            slowest = max(slowest, value ?? 0)
            if value == nil, isUntried(states[candidate]) { hasUntried = true }
        }
        defer { field.weights.removeAll(keepingCapacity: true) }
        if hasUntried {
            field.keep { field, index in
                field.weights[index] == Self.unmeasured && isUntried(states[field.candidates[index]])
            }
            return .cold
        }
        var lowest = Double.infinity
        for index in field.candidates.indices {
            let value = load(field.weights[index], on: states[field.candidates[index]], slowest: slowest)
            field.weights[index] = value
            lowest = min(lowest, value)
        }
        let bound = lowest * (1 + arguments.lowestLatencyBuffer)
        field.keep { field, index in field.weights[index] <= bound }
        return .fastest(seconds: lowest, isFirstToken: isStream)
    }

    private func isUntried(_ state: DeploymentState) -> Bool {
        state.inFlight == 0 && state.latency.penaltyFactor(now: now) == 1
    }

    /// The measured value, made worse by what is under way and by recent failures.
    private func load(_ measured: Double, on state: DeploymentState, slowest: Double) -> Double {
        let isUnmeasured = measured == Self.unmeasured
        // Nothing known anywhere: any constant will do, load and penalties decide.
        let base = isUnmeasured ? (slowest > 0 ? slowest : 1) : measured
        let isProbed = state.inFlight > 0 && (isUnmeasured || state.latency.isRecovering)
        let load = Double(1 + state.inFlight) * state.latency.penaltyFactor(now: now)
        return base * load * (isProbed ? Self.probeFactor : 1)
    }
}
