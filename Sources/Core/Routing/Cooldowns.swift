import Time

/// Which deployments are benched, and until when. Times are exact and inclusive of nothing: at its deadline a
/// deployment is a candidate again.
struct Cooldowns: Sendable {
    private var deadlines: [Int64]

    init(count: Int) { deadlines = [Int64](repeating: .min, count: count) }

    func isCoolingDown(_ deployment: Int, now: Instant) -> Bool { deadlines[deployment] > now.nanoseconds }

    func remaining(of deployment: Int, now: Instant) -> Duration? {
        guard isCoolingDown(deployment, now: now) else { return nil }
        return deadline(of: deployment).since(now)
    }

    func deadline(of deployment: Int) -> Instant { Instant(nanoseconds: deadlines[deployment]) }

    /// Benches `deployment`. A failure during a cool-down never shortens it: the later deadline wins.
    mutating func coolDown(_ deployment: Int, for length: Duration, now: Instant) {
        deadlines[deployment] = max(deadlines[deployment], now.advanced(by: length).nanoseconds)
    }

    /// Takes over `deployment`'s deadline from the cool-downs of an earlier configuration.
    mutating func adopt(_ deployment: Int, from other: Cooldowns, at position: Int) {
        deadlines[deployment] = other.deadlines[position]
    }
}
