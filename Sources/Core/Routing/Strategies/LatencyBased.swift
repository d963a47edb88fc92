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

    func narrow(_ field: inout Field, states: [DeploymentState]) -> SelectionReason {
        field.weights.removeAll(keepingCapacity: true)
        var slowest = 0.0
        var hasColdCandidate = false
        for candidate in field.candidates {
            let value = states[candidate].latency.value(isStream: isStream, percentile: arguments.ttftPercentile)
            slowest = max(slowest, value ?? 0)
            if value == nil, isUntried(states[candidate]) { hasColdCandidate = true }
        }
        if hasColdCandidate {
            field.candidates.removeAll {
                states[$0].latency.value(isStream: isStream, percentile: arguments.ttftPercentile) != nil
                    || !isUntried(states[$0])
            }
            return .cold
        }
        return keepFastest(&field, states: states, slowest: slowest)
    }

    private func isUntried(_ state: DeploymentState) -> Bool {
        state.inFlight == 0 && state.latency.penaltyFactor(now: now) == 1
    }

    private func keepFastest(_ field: inout Field, states: [DeploymentState], slowest: Double) -> SelectionReason {
        var lowest = Double.infinity
        for candidate in field.candidates {
            let value = loadedValue(of: states[candidate], slowest: slowest)
            field.weights.append(value)
            lowest = min(lowest, value)
        }
        // Below any real latency, so that exact ties survive the multiplication.
        let bound = lowest * (1 + arguments.lowestLatencyBuffer)
        var kept = 0
        for index in field.candidates.indices where field.weights[index] <= bound {
            field.candidates[kept] = field.candidates[index]
            kept += 1
        }
        field.candidates.removeLast(field.candidates.count - kept)
        field.weights.removeAll(keepingCapacity: true)
        return .fastest(seconds: lowest, isFirstToken: isStream)
    }

    private func loadedValue(of state: DeploymentState, slowest: Double) -> Double {
        let measured = state.latency.value(isStream: isStream, percentile: arguments.ttftPercentile)
        // Nothing known anywhere: any constant will do, load and penalties decide.
        let base = measured ?? (slowest > 0 ? slowest : 1)
        let isProbed = (measured == nil || state.latency.isRecovering) && state.inFlight > 0
        let load = Double(1 + state.inFlight) * state.latency.penaltyFactor(now: now)
        return base * load * (isProbed ? 1000 : 1)
    }
}
