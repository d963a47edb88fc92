/// The deployments still in the running for one pick. Strategies narrow it; what is left is drawn from.
struct Field: Sendable {
    /// Positions in the router's list, ascending.
    var candidates: [Int] = []
    /// One for each candidate, or empty for a uniform draw.
    var weights: [Double] = []

    mutating func reset() {
        candidates.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
    }

    /// Keeps the candidates whose `value` is the lowest.
    mutating func keepLowest<Value: Comparable>(_ value: (Int) -> Value) -> Value? {
        guard var lowest = candidates.first.map(value) else { return nil }
        var kept = 0
        for index in candidates.indices {
            let candidate = candidates[index]
            let own = value(candidate)
            if own < lowest { (lowest, kept) = (own, 0) }
            if own == lowest {
                candidates[kept] = candidate
                kept += 1
            }
        }
        candidates.removeLast(candidates.count - kept)
        return lowest
    }

    /// Keeps the candidates for whose index `isKept` says so; weights are left as they are.
    mutating func keep(_ isKept: (Field, Int) -> Bool) {
        var kept = 0
        for index in candidates.indices where isKept(self, index) {
            candidates[kept] = candidates[index]
            kept += 1
        }
        candidates.removeLast(candidates.count - kept)
    }

    /// Keeps the first in list order.
    mutating func keepFirst() { candidates.removeLast(max(candidates.count - 1, 0)) }
}
