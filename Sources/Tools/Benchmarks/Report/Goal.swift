/// A target, and how this run stands to it.
struct Goal: Sendable {
    var name: String
    var value: Double
    var bound: Bound
    var unit: String

    enum Bound: Sendable {
        case atMost(Double)
        case atLeast(Double)
        case below(Double)
    }

    var isMet: Bool {
        switch bound {
        case .atMost(let limit): value <= limit
        case .atLeast(let limit): value >= limit
        case .below(let limit): value < limit
        }
    }

    var text: String {
        let (sign, limit) =
            switch bound {
            case .atMost(let limit): ("<=", limit)
            case .atLeast(let limit): (">=", limit)
            case .below(let limit): ("<", limit)
            }
        return
            "\(name) \(Unit.number(value))\(unit) (\(sign) \(Unit.number(limit))\(unit)): \(isMet ? "met" : "MISSED")"
    }
}
