import Routing
import Time

/// Whether a request that went differently from its record went as the deliberate deviations want it.
///
/// Only files that state a `deviation`, and the two strategies that section 13 changes everywhere (v1 and v2 admit N,
/// least-busy spreads), may differ at all. Then every call must have gone to a deployment that the independent
/// `DeviationModel` finds fit, and a refusal must find none fit.
struct DesiredDifference {
    let world: ReplayWorld
    let live: LiveRequest

    var isDesired: Bool {
        guard mayDiffer else { return false }
        switch live.result {
        case .failed(.refused(let refusal)): return live.calls.isEmpty && isDesired(refusal)
        case .failed(.attempt), .broken, .answered, nil: return hasOnlyFitCalls
        }
    }

    private var mayDiffer: Bool {
        if world.scenario.deviation != nil { return true }
        switch world.strategy(of: live.event.body["model"]?.text ?? "") {
        case .usageBased, .usageBasedV2, .leastBusy: return true
        case .simpleShuffle, .latencyBased, .costBased, .providerBudget, .roundRobin: return false
        }
    }

    private var hasOnlyFitCalls: Bool {
        guard !live.calls.isEmpty else { return false }
        let allowed = live.event.body["num_retries"]?.int ?? world.settings.numRetries
        let hops = Set(live.calls.map(\.hop))
        return live.calls.allSatisfy { $0.isFit } && live.calls.count <= hops.count * (1 + allowed)
            && live.sleeps.allSatisfy { $0.seconds <= 60 }
    }

    /// Every deployment of the group is benched or over its limit, and the answer says for how long.
    private func isDesired(_ refusal: RouteFailure.Refusal) -> Bool {
        let members = world.members(of: live.event)
        guard !members.isEmpty else { return false }
        let remaining = members.map { world.model.cooldownRemaining($0, now: world.now) }
        return zip(members, remaining).allSatisfy { member, remaining in
            remaining > 0 && world.model.shouldBeCoolingDown(member, now: world.now) != false
                || world.model.isOverRequestLimit(member, now: world.now)
        }
    }
}

/// Which deployments a request should be drawn from, by the independent model.
struct DesiredPick {
    let world: ReplayWorld
    let event: ScenarioEvent

    func isDesired(_ support: Set<Int>) -> Bool {
        let fit = world.members(of: event).filter { world.isFit($0) }
        switch world.strategy(of: event.body["model"]?.text ?? "") {
        case .latencyBased:
            let isStream = event.body["stream"]?.isTrue ?? false
            return support == world.model.latencyFinalists(fit, isStream: isStream, now: world.now)
        case .leastBusy: return support == world.model.leastBusy(fit)
        case .costBased: return support == Set([world.model.cheapest(fit)].compactMap { $0 })
        case .simpleShuffle, .usageBased, .usageBasedV2, .providerBudget, .roundRobin:
            return world.scenario.deviation != nil && !support.isEmpty && support.isSubset(of: fit)
        }
    }
}

extension ReplayWorld {
    /// The deployments of the group that `event` asks for.
    func members(of event: ScenarioEvent) -> [Int] {
        let name = event.body["model"]?.text ?? ""
        let group = settings.modelGroupAlias[name] ?? name
        let models = settings.routingGroups.first { $0.name == group }?.models ?? [group]
        return deployments.indices.filter { models.contains(deployments[$0].group) }
    }

    /// The strategy of the group called `name`.
    func strategy(of name: String) -> RoutingStrategyName {
        let group = settings.modelGroupAlias[name] ?? name
        let own = settings.routingGroups.first { $0.name == group || $0.models.contains(group) }
        return own?.strategy ?? settings.strategy
    }

    /// Neither benched nor, where the strategy looks at that, over its limit.
    func isFit(_ deployment: Int) -> Bool {
        if model.isCoolingDown(deployment, now: now) || model.shouldBeCoolingDown(deployment, now: now) == true {
            return false
        }
        switch strategy(of: deployments[deployment].group) {
        case .usageBased, .usageBasedV2, .latencyBased, .costBased:
            return !model.isOverRequestLimit(deployment, now: now)
        case .simpleShuffle, .leastBusy, .providerBudget, .roundRobin: return true
        }
    }
}
