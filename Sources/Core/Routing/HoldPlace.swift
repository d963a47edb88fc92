/// Where a held request waits for room: with those of its group that the same deployments can serve.
///
/// Requests of one place are let through in the order they came. A request that is free to go to fewer deployments than
/// others of its group (by its tags, its region, or because it names one) waits in a place of its own, so that neither
/// stands in the other's way.
public struct HoldPlace: Hashable, Sendable {
    /// The deployments' `model_name`.
    public let group: String
    /// Their positions in the list the router was made with, whether they have room now or not.
    let reach: [Int]
    /// What decides whether they have.
    let strategy: RoutingStrategyName
}

extension Router {
    /// The places where the request, as it stands, would be held.
    public func holdPlaces(of session: RouteSession) -> [HoldPlace] {
        session.epoch == epoch ? holdPlaces(of: session.hop, for: session.request) : []
    }

    /// Likewise for one hop of it.
    func holdPlaces(of hop: RouteSession.Hop, for request: RoutingRequest) -> [HoldPlace] {
        guard let index = hop.group else { return [] }
        let group = table.groups[index]
        let reach = reach(of: group, for: request)
        var names: [String] = []
        for member in reach where !names.contains(table.deployments[member].group) {
            names.append(table.deployments[member].group)
        }
        let strategy = group.strategy(for: request)
        return names.map { name in
            HoldPlace(group: name, reach: reach.filter { table.deployments[$0].group == name }, strategy: strategy)
        }
    }
}
