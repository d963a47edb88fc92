import Time

/// Deployments that one name stands for: a `model_name`, a routing group, or a single deployment called by its id.
///
/// A class, because every decision looks at one: one reference to count.
final class ModelGroup: Sendable {
    /// The name in the configuration.
    let name: String
    /// Positions in the router's list, ascending.
    let members: [Int]
    /// `order` of each member, by position in the router's list; empty when none has one.
    private let orders: [Int?]
    /// The distinct orders, ascending.
    let levels: [Int]
    let strategy: RoutingStrategyName
    let arguments: RoutingStrategyArguments
    /// How long a latency sample counts.
    let latencyTTL: Int64
    /// Called by id: exactly that deployment, cooling down or not.
    let isSpecificDeployment: Bool
    /// All members are one provider quota: a sibling is no way around a `retry-after`.
    let sharesQuota: Bool

    init(
        name: String, members: [Int], deployments: [Deployment], orders: [Int?],
        strategy: RoutingStrategyName, arguments: RoutingStrategyArguments, isSpecificDeployment: Bool = false
    ) {
        self.name = name
        self.members = members
        levels = Set(orders.compactMap { $0 }).sorted()
        var byPosition = [Int?](repeating: nil, count: levels.isEmpty ? 0 : deployments.count)
        if !levels.isEmpty {
            for (member, order) in zip(members, orders) { byPosition[member] = order }
        }
        self.orders = byPosition
        self.strategy = strategy
        self.arguments = arguments
        latencyTTL = (arguments.ttl ?? .seconds(3600)).wholeNanoseconds
        self.isSpecificDeployment = isSpecificDeployment
        let quotas = Set(
            members.map { [deployments[$0].account, deployments[$0].region ?? "", deployments[$0].modelID] })
        sharesQuota = quotas.count == 1
    }

    /// The order of the member at `position` of the router's list.
    func order(of position: Int) -> Int? { orders.isEmpty ? nil : orders[position] }
}

extension ModelGroup {
    /// The request's own, else the group's.
    func strategy(for request: RoutingRequest) -> RoutingStrategyName { request.routingStrategy ?? strategy }
}
