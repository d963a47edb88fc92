public import Time

/// What the router can tell about itself, and taking on a new configuration.
extension Router {
    /// A snapshot for `/routes` and `/metrics`.
    public func status(now: Instant) -> [DeploymentStatus] {
        let minute = UsageWindow.minute(of: now)
        return table.deployments.indices.map { position in
            let state = states[position]
            let others = peers.totals[position]
            var latency = state.latency
            latency.expire(now: now, ttl: table.latencyTTL)
            let slots = table.profiles[position].slots
            return DeploymentStatus(
                deployment: table.deployments[position], requestsThisMinute: state.usage.requests(in: minute),
                tokensThisMinute: state.usage.tokens(in: minute), reservedTokens: state.usage.reserved,
                inFlight: state.inFlight, parallelSlots: slots == .max ? nil : slots,
                latencyEstimate: LatencyEstimate.merging(
                    latency.perToken.estimate(percentile: nil), others.perToken)?.seconds,
                timeToFirstTokenEstimate: LatencyEstimate.merging(
                    latency.firstToken.estimate(percentile: nil), others.firstToken)?.seconds,
                cooldownRemaining: cooldowns.remaining(of: position, now: now),
                peerRequestsThisMinute: others.requests(in: minute), peerTokensThisMinute: others.tokens(in: minute))
        }
    }

    /// The configured deployments, in the order that attempts name them by.
    public var deployments: [Deployment] { table.deployments }

    /// Which deployments `request` could be sent to at `now`, and how likely each is: by position in the router's
    /// list, ascending. Consumes nothing. Throws the refusal if there is none.
    public func preview(
        _ request: RoutingRequest, now: Instant
    ) throws(RouteFailure.Refusal) -> [(deployment: Int, probability: Double)] {
        var copy = self
        let session = copy.begin(request, now: now)
        guard let index = session.hop.group else {
            throw Obstacle(reason: .unknownModel).refusal(model: request.model, now: now)
        }
        let group = table.groups[index]
        let strategy = group.strategy(for: request)
        var field = Field()
        if let obstacle = copy.fill(&field, group: group, strategy: strategy, session: session, now: now) {
            throw obstacle.refusal(model: request.model, now: now)
        }
        _ = copy.narrow(&field, group: group, strategy: strategy, request: request, now: now)
        let total = field.weights.reduce(0, +)
        return field.candidates.enumerated().compactMap { index, deployment in
            let share = field.weights.isEmpty ? 1 / Double(field.candidates.count) : field.weights[index] / total
            return share > 0 ? (deployment, share) : nil
        }
    }

    /// The same router under a new configuration. What is known of a deployment whose id stays is kept, calls in
    /// flight included; sessions begun before go on under the new one.
    public func reconfigured(settings: RouterSettings, deployments: [Deployment]) -> Router {
        var router = Router(settings: settings, deployments: deployments, chooser: chooser)
        router.epoch = epoch + 1
        router.budgets.adopt(budgets)
        router.peers = peers.moved(to: deployments.map { table.positions[$0.id] })
        router.hasUnreported = hasUnreported
        for (position, deployment) in deployments.enumerated() {
            guard let old = table.positions[deployment.id] else { continue }
            router.states[position] = states[old]
            router.cooldowns.adopt(position, from: cooldowns, at: old)
        }
        return router
    }

    /// Moves a session of an earlier configuration to the current one: names stay, positions are looked up again.
    func adoptCurrentTable(_ session: inout RouteSession) {
        guard session.epoch != epoch else { return }
        session.adopt(epoch: epoch) { old in
            var hop = makeHop(name: old.name, parameterEntry: old.parameterEntry)
            hop.parameters = old.parameters
            hop.overrides = old.overrides
            hop.order = old.order
            hop.allowedRetries = old.allowedRetries
            hop.retries = old.retries
            return hop
        }
    }
}
