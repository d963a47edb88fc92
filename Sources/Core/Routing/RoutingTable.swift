import Time

/// Settings and deployments worked into what decisions look things up in. Made once per configuration, never changed.
final class RoutingTable: Sendable {
    let settings: RouterSettings
    let deployments: [Deployment]
    let profiles: [DeploymentProfile]
    let groups: [ModelGroup]
    let fallbacks: FallbackTable
    let cooldownRule: CooldownRule
    let retryPolicy: RetryPolicy
    let timeouts: Timeouts
    let positions: [DeploymentID: Int]
    /// Whether a limit, a check or a strategy of this configuration looks at a request's tokens.
    let weighsTokens: Bool
    /// For status only; decisions use their group's.
    let latencyTTL: Int64
    private let names: ModelNames

    init(settings: RouterSettings, deployments: [Deployment], budgets: Budgets) {
        self.settings = settings
        self.deployments = deployments
        let (groups, byName, byID) = Self.makeGroups(settings, deployments)
        self.groups = groups
        names = ModelNames(settings: settings, deployments: deployments, groups: byName, deploymentGroups: byID)
        profiles = deployments.map {
            let group = groups[byName[$0.group] ?? 0]
            return DeploymentProfile(
                $0, groupSize: group.members.count, latencySamples: group.arguments.maxLatencyListSize,
                defaultSlots: settings.defaultMaxParallelRequests, budget: budgets.account(of: $0.provider))
        }
        weighsTokens =
            settings.enablePreCallChecks || groups.contains { $0.strategy.weighsTokens }
            || settings.strategy.weighsTokens || profiles.contains { $0.limitsTokens }
        fallbacks = FallbackTable(settings: settings)
        cooldownRule = CooldownRule(settings: settings)
        retryPolicy = RetryPolicy(settings: settings)
        timeouts = Timeouts(settings: settings)
        latencyTTL = (settings.strategyArguments.ttl ?? .seconds(3600)).wholeNanoseconds
        positions = Dictionary(
            deployments.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The group that `model` stands for. A name nobody knows goes to the first of the `*` fallbacks.
    func resolve(_ model: String) -> ModelNames.Resolution? {
        if let known = names.resolve(model) { return known }
        guard let catchAll = fallbacks.catchAllTarget, catchAll != model else { return nil }
        return names.resolve(catchAll)
    }

    /// Model groups first, then routing groups, then one group for each deployment's id.
    private static func makeGroups(
        _ settings: RouterSettings, _ deployments: [Deployment]
    ) -> (groups: [ModelGroup], byName: [String: Int], byID: [Int]) {
        var groups: [ModelGroup] = []
        var byName: [String: Int] = [:]
        var members: [String: [Int]] = [:]
        for (position, deployment) in deployments.enumerated() {
            members[deployment.group, default: []].append(position)
        }
        func add(_ name: String, _ members: [Int], _ routing: RouterSettings.RoutingGroup?, byID: Bool = false) {
            let priorities = routing?.modelPriorities ?? [:]
            groups.append(
                ModelGroup(
                    name: name, members: members, deployments: deployments,
                    orders: members.map { byID ? nil : priorities[deployments[$0].group] ?? deployments[$0].order },
                    strategy: routing?.strategy ?? settings.strategy,
                    arguments: routing?.strategy == nil
                        ? settings.strategyArguments
                        : routing?.arguments
                            ?? settings.strategyArguments,
                    isSpecificDeployment: byID))
        }
        for deployment in deployments where byName[deployment.group] == nil {
            byName[deployment.group] = groups.count
            let routing = settings.routingGroups.first { $0.models.contains(deployment.group) }
            add(deployment.group, members[deployment.group] ?? [], routing)
        }
        for routing in settings.routingGroups where byName[routing.name] == nil {
            byName[routing.name] = groups.count
            add(routing.name, routing.models.flatMap { members[$0] ?? [] }.sorted(), routing)
        }
        var byID: [Int] = []
        for (position, deployment) in deployments.enumerated() {
            byID.append(groups.count)
            add(deployment.id.rawValue, [position], nil, byID: true)
        }
        return (groups, byName, byID)
    }
}
