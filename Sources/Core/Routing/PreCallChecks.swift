import Time

/// The checks of `enable_pre_call_checks` (section 7). Each deployment is held to its own values only.
struct PreCallChecks: Sendable {
    enum Verdict {
        case passes
        /// Over a limit until then.
        case overLimit(Instant)
        case tooLong
        case unsuitable
    }

    /// The strategy enforces limits itself (only for rpm does LiteLLM make that difference).
    let leavesLimitsToStrategy: Bool
    let minute: Int64
    let now: Instant

    func verdict(
        on profile: DeploymentProfile, _ state: DeploymentState, peers: PeerTotals, _ request: RoutingRequest
    ) -> Verdict {
        if profile.maxInputTokens < request.inputTokens { return .tooLong }
        if request.requiresResponseSchema && profile.refusesResponseSchema { return .unsuitable }
        if leavesLimitsToStrategy { return .passes }
        let (own, others) = (state.recentRequests.count(now: now), peers.requests(in: minute))
        guard own + others >= profile.requestLimit else { return .passes }
        // Others count by the calendar's minutes, we from our first call.
        return .overLimit(others > 0 ? UsageWindow.end(ofMinute: minute) : state.recentRequests.end)
    }

    static func isInRegion(_ allowed: String, _ deployment: Deployment) -> Bool {
        if let name = deployment.regionName { return name == allowed }
        guard let region = deployment.region else { return false }
        return region == allowed || region.hasPrefix(allowed + "-")
    }
}
