/// Why a deployment was picked: numbers, put into words only when someone asks.
enum SelectionReason: Sendable {
    case none
    case weighted(by: String)
    case uniform
    case leastBusy(inFlight: Int)
    case leastUsed(tokens: Int)
    case cold
    case fastest(seconds: Double, isFirstToken: Bool)
    case cheapest(costPerToken: Double)
    case turn
    case named

    /// In words for people: "lowest latency 0.041 s of 2 candidates".
    func words(candidates: Int) -> String {
        let among = candidates == 1 ? "the only candidate" : "of \(candidates) candidates"
        return switch self {
        case .none: ""
        case .weighted(let metric): "drawn by \(metric) \(among)"
        case .uniform: candidates == 1 ? among : "drawn at random \(among)"
        case .leastBusy(let inFlight): "fewest in flight (\(inFlight)) \(among)"
        case .leastUsed(let tokens): "fewest tokens this minute (\(tokens)) \(among)"
        case .cold: "not measured yet, \(among)"
        case .fastest(let seconds, let isFirstToken):
            "lowest \(isFirstToken ? "time to first token" : "latency per token") \(Self.shortened(seconds)) s \(among)"
        case .cheapest(let cost): "lowest price \(cost) per token \(among)"
        case .turn: "its turn \(among)"
        case .named: "asked for by its id"
        }
    }

    private static func shortened(_ value: Double) -> String {
        guard value.magnitude < 1e12 else { return "\(value)" }
        return "\(Double(Int(value * 10_000 + 0.5)) / 10_000)"  // rounded() would need the C math library
    }
}
