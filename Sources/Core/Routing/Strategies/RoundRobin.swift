/// `round-robin` (ours): smooth weighted round robin as nginx does it, by simple-shuffle's weights.
///
/// Every turn each candidate gains its weight, the highest is picked and pays the sum of the weights: over a cycle
/// each gets exactly its share, spread as evenly as can be.
struct RoundRobin: Sendable {
    /// Indexed by deployment: what each has saved up.
    private var credit: [Double]

    init(count: Int) { credit = [Double](repeating: 0, count: count) }

    mutating func narrow(_ field: inout Field, profiles: [DeploymentProfile]) -> SelectionReason {
        _ = SimpleShuffle.narrow(&field, profiles: profiles)
        var total = 0.0
        var best: Int?
        for (index, candidate) in field.candidates.enumerated() {
            let weight = field.weights.isEmpty ? 1 : field.weights[index]
            guard weight > 0 else { continue }
            credit[candidate] += weight
            total += weight
            if best.map({ credit[candidate] > credit[$0] }) ?? true { best = candidate }
        }
        if let best {
            credit[best] -= total
            field.candidates.removeAll(keepingCapacity: true)
            field.candidates.append(best)
        }
        field.weights.removeAll(keepingCapacity: true)
        return .turn
    }
}
