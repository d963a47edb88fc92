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
        /// There is room by what is known, but others may be taking it: until they have been heard of.
        case unsettled
        /// The request alone exceeds the limit: waiting is no use.
        case neverFits
    }

    let rules: Rules
    let minute: Int64

    func verdict(
        on profile: DeploymentProfile, _ state: DeploymentState, peers: PeerTotals, _ request: RoutingRequest
    ) -> Verdict {
        if rules.minuteLimits || rules.hardLimits, profile.requestLimit <= 0 { return .neverFits }
        if rules.minuteLimits || rules.tokenLimits {
            let needed = profile.reservation(for: request)
            if needed > profile.tokenLimit { return .neverFits }
            if rules.minuteLimits,
                state.usage.requests(in: minute) + peers.requests(in: minute) >= profile.requestLimit
            {
                return .overLimit
            }
            if profile.tokenLimit != .max,
                state.usage.tokens(in: minute) + state.usage.reserved + peers.tokens(in: minute) + needed
                    > profile.tokenLimit
            {
                return .overLimit
            }
        }
        if rules.hardLimits && exceedsHardLimit(profile, state, peers: peers) { return .overLimit }
        if state.inFlight >= profile.slots { return .noSlot }
        guard rules.minuteLimits || rules.tokenLimits || rules.hardLimits else { return .hasRoom }
        return isSettled(on: profile, state, peers: peers, request) ? .hasRoom : .unsettled
    }

    func isSettled(
        on profile: DeploymentProfile, _ state: DeploymentState, peers: PeerTotals, _ request: RoutingRequest
    ) -> Bool {
        peers.isSettled(state.usage, adding: profile.reservation(for: request), to: profile, in: minute)
    }

    func exceedsHardLimit(_ profile: DeploymentProfile, _ state: DeploymentState, peers: PeerTotals) -> Bool {
        let usage = state.usage
        let others = peers.usage[minute]
        return usage.requests(in: minute) + others.requests >= profile.requestLimit
            || usage.tokens(in: minute) + usage.reserved + peers.tokens(in: minute) >= profile.tokenLimit
            || usage.inputTokens(in: minute) + others.inputTokens >= profile.inputTokenLimit
            || usage.outputTokens(in: minute) + others.outputTokens >= profile.outputTokenLimit
    }
}
