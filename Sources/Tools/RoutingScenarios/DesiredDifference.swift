import Routing
import Time

/// Whether a request that went differently from its record went as the deliberate deviations want it.
///
/// Only files that state a `deviation`, cool-down settings that LiteLLM ignores, and the strategies that section 13
/// changes everywhere (v1 and v2 admit N, least-busy spreads) may differ, and only in who is available: the first
/// call that differs must be one that the independent `DeviationModel` wants, in place of one it does not want or of
/// LiteLLM's own refusal; a refusal of ours must find no deployment fit.
struct DesiredDifference {
    let comparison: Comparison

    private var world: ReplayWorld { comparison.world }
    private var live: LiveRequest { comparison.live }
    private var expectation: Expectation { comparison.expectation }

    var isDesired: Bool {
        guard mayDiffer else { return false }
        let calls = live.calls.filter { $0.status != nil }
        for (index, call) in calls.enumerated() {
            guard index < expectation.attempts.count else { return expectation.isRefusal && isWanted(call) }
            let recorded = expectation.attempts[index]
            if recorded.deployment == call.id && recorded.status == call.status { continue }
            guard recorded.deployment != call.id, let position = world.position(of: recorded.deployment) else {
                return false
            }
            return isWanted(call) && !call.desired.contains(position)
        }
        if calls.count < expectation.attempts.count { return isWantedRefusal }
        return sleptTheMinuteOut
    }

    private var mayDiffer: Bool {
        if world.scenario.deviation != nil || world.scenario.setsIgnoredCooldowns { return true }
        switch world.strategy(of: live.event.body["model"]?.text ?? "") {
        case .usageBased, .usageBasedV2, .leastBusy: return true
        case .simpleShuffle, .latencyBased, .costBased, .providerBudget, .roundRobin: return false
        }
    }

    private func isWanted(_ call: LiveRequest.Call) -> Bool { call.desired.contains(call.deployment) }

    /// Every deployment of the group is benched or over its limit.
    private var isWantedRefusal: Bool {
        guard live.calls.isEmpty, case .failed(.refused) = live.result else { return false }
        let members = world.members(of: live.event)
        return !members.isEmpty && members.allSatisfy { !world.isFit($0) }
    }

    /// The same calls, but for LiteLLM's blind 60 s before its own limit lets go: ours came sooner or not at all.
    private var sleptTheMinuteOut: Bool {
        guard let sleeps = expectation.sleeps, sleeps.contains(60), sleeps.allSatisfy({ $0 == 60 }) else {
            return false
        }
        return world.settings.strategy == .usageBasedV2 && expectation.isSuccess && live.isPlainSuccess
            && live.sleeps.allSatisfy { $0.seconds <= 60 } && live.calls.allSatisfy(isWanted)
    }
}

/// Which deployments a probe should draw from, by the independent model.
struct DesiredPick {
    let world: ReplayWorld
    let event: ScenarioEvent

    func isDesired(_ support: Set<Int>) -> Bool {
        let group = event.body["model"]?.text ?? ""
        let strategy = world.strategy(of: group)
        guard world.scenario.deviation != nil || strategy == .leastBusy else { return false }
        let fit = world.members(of: event).filter { world.isFit($0) }
        let preferred = world.preferred(fit, of: group, isStream: event.body["stream"]?.isTrue ?? false)
        switch strategy {
        case .latencyBased, .leastBusy, .costBased: return support == preferred
        case .simpleShuffle, .usageBased, .usageBasedV2, .providerBudget, .roundRobin:
            // What is picked among the fit is not the model's business; that someone is unfit is.
            return !support.isEmpty && support.isSubset(of: preferred)
                && preferred.count < world.members(of: event).count
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
