/// The router's only source of randomness; tests force its picks.
public protocol Chooser: Sendable {
    /// An index below `weights.count`, drawn with probability proportional to its weight.
    mutating func pick(weights: [Double]) -> Int
    /// An index below `count`, drawn uniformly.
    mutating func pick(count: Int) -> Int
    /// A back-off's jitter: uniform between zero and `bound`.
    mutating func jitter(below bound: Duration) -> Duration
    /// Told before a draw which deployments it is between, by position in the router's list. Production has no use
    /// for it; a replay forces its picks by it.
    mutating func willPick(among candidates: [Int])
}

extension Chooser {
    public mutating func willPick(among candidates: [Int]) {}
}
