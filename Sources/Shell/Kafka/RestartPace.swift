import Time

/// How long to wait before a client instance is replaced: not at all the first time, ever longer while instances fail
/// soon after they were made.
struct RestartPace: Sendable {
    private static let longest: Duration = .seconds(30)

    private var delay: Duration = .zero
    private var last: Instant?

    mutating func next(now: Instant) -> Duration {
        if let last, now.since(last) < Self.longest * 2 {
            delay = min(max(delay * 2, .milliseconds(250)), Self.longest)
        } else {
            delay = .zero
        }
        last = now
        return delay
    }
}
