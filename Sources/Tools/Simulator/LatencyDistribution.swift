import Glibc

/// How long a model takes to answer.
public enum LatencyDistribution: Hashable, Sendable {
    case fixed(Duration)
    /// Any time of the range is equally likely.
    case uniform(ClosedRange<Duration>)
    /// Half the answers within `median`, 99 of 100 within `p99`: the shape of real model latencies.
    case logNormal(median: Duration, p99: Duration)

    public static let none = LatencyDistribution.fixed(.zero)

    func sample(using random: inout SeededRandom) -> Duration {
        switch self {
        case .fixed(let time): return time
        case .uniform(let range):
            let width = (range.upperBound - range.lowerBound).nanoseconds
            return range.lowerBound + .nanoseconds(Int64(Double(width) * random.nextFraction()))
        case .logNormal(let median, let p99):
            // The 99th percentile of the standard normal distribution is 2.3263.
            let spread = log(Double(p99.nanoseconds) / Double(median.nanoseconds)) / 2.3263
            return .nanoseconds(Int64(Double(median.nanoseconds) * exp(spread * random.nextNormal())))
        }
    }
}

extension LatencyDistribution {
    /// Reads `50ms` (fixed), `20..200ms` (uniform) or `200ms~2s` (log-normal: median, 99th percentile).
    public init?(_ text: some StringProtocol) {
        if let dots = text.firstRange(of: "..") {
            guard let high = Duration(text: text[dots.upperBound...]),
                let low = Duration(text: text[..<dots.lowerBound], sharingUnitOf: text[dots.upperBound...]),
                low <= high
            else { return nil }
            self = .uniform(low...high)
        } else if let tilde = text.firstIndex(of: "~") {
            let upper = text[text.index(after: tilde)...]
            guard let p99 = Duration(text: upper),
                let median = Duration(text: text[..<tilde], sharingUnitOf: upper), median > .zero, median <= p99
            else { return nil }
            self = .logNormal(median: median, p99: p99)
        } else {
            guard let time = Duration(text: text) else { return nil }
            self = .fixed(time)
        }
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
    var wholeMilliseconds: Int { Int(nanoseconds / 1_000_000) }

    /// Reads a number and its unit: `us`, `ms`, `s` or `m`. At most a day.
    init?(text: some StringProtocol) { self.init(text: text, sharingUnitOf: "") }

    /// The same; a number without a unit takes that of `other`, as in `20..200ms`.
    init?(text: some StringProtocol, sharingUnitOf other: some StringProtocol) {
        let trimmed = text.filter { $0 != " " }
        let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = String(trimmed.dropFirst(digits.count))
        if unit.isEmpty { unit = String(other.filter { $0.isLetter }) }
        let scale: Double
        switch unit {
        case "us": scale = 1e3
        case "ms": scale = 1e6
        case "s": scale = 1e9
        case "m": scale = 60e9
        default: return nil
        }
        guard let number = Double(String(digits)), number * scale <= 86_400e9 else { return nil }
        self = .nanoseconds(Int64(number * scale))
    }
}
