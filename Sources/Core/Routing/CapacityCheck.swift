import Time

/// Whether a deployment has room for one more call: parallel slots, and the rpm and tpm of the current minute.
struct CapacityCheck: Sendable {
    /// Which limits count for this decision.
    struct Rules: Sendable {
        /// The strategy's own rpm/tpm filter: v1, v2, latency and cost.
        var minuteLimits: Bool
        /// tpm alone, where pre-call checks hold the rpm.
        var tokenLimits: Bool
        /// `enforce_model_rate_limits`, with separate input and output limits.
        var hardLimits: Bool
    }

    enum Verdict: Equatable {
        case hasRoom
        /// Until a call in flight ends.
        case noSlot
        /// Until the minute ends.
        case overLimit
        /// The request alone exceeds the limit: waiting is no use.
        case neverFits
    }

    let rules: Rules
    let minute: Int64

    func verdict(on profile: DeploymentProfile, _ state: DeploymentState, _ request: RoutingRequest) -> Verdict {
        if rules.minuteLimits || rules.tokenLimits {
            let needed = profile.reservation(for: request)
            if needed > profile.tokenLimit { return .neverFits }
            if rules.minuteLimits && state.usage.requests(in: minute) >= profile.requestLimit { return .overLimit }
            if profile.tokenLimit != .max,
                state.usage.tokens(in: minute) + state.usage.reserved + needed > profile.tokenLimit
            {
                return .overLimit
            }
        }
        if rules.hardLimits && exceedsHardLimit(profile, state) { return .overLimit }
        return state.inFlight >= profile.slots ? .noSlot : .hasRoom
    }

    func exceedsHardLimit(_ profile: DeploymentProfile, _ state: DeploymentState) -> Bool {
        let usage = state.usage
        return usage.requests(in: minute) >= profile.requestLimit
            || usage.tokens(in: minute) + usage.reserved >= profile.tokenLimit
            || usage.inputTokens(in: minute) >= profile.inputTokenLimit
            || usage.outputTokens(in: minute) >= profile.outputTokenLimit
    }
}
