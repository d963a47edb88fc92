/// `cost-based-routing`: the lowest input plus output price, the first in list order among equals.
enum CostBased {
    static func narrow(_ field: inout Field, profiles: [DeploymentProfile]) -> SelectionReason {
        let cost = field.keepLowest { profiles[$0].cost } ?? 0
        field.keepFirst()
        return .cheapest(costPerToken: cost)
    }
}
