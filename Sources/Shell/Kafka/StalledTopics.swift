import Time

/// Topics that took nothing until a transaction's time was over, and how long to leave each alone: every further try
/// holds up all other topics as well.
struct StalledTopics: Sendable {
    private static let shortest: Duration = .seconds(5)
    private static let longest: Duration = .seconds(300)

    private struct Rest: Sendable {
        var end: Instant
        var length: Duration
    }

    private var rests: [String: Rest] = [:]

    var isEmpty: Bool { rests.isEmpty }

    /// Longer each time.
    mutating func note(_ topic: String, now: Instant) {
        if let rest = rests[topic], now < rest.end { return }
        let length = rests[topic].map { min($0.length * 2, Self.longest) } ?? Self.shortest
        rests[topic] = Rest(end: now.advanced(by: length), length: length)
    }

    /// The topic takes records again.
    mutating func clear(_ topic: String) { rests[topic] = nil }

    func isResting(_ topic: String, now: Instant) -> Bool { rests[topic].map { now < $0.end } ?? false }
}
