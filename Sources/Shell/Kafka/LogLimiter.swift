import Time

/// Lets through so many log lines per interval and counts the rest: a broker that is away makes librdkafka repeat
/// itself several times a second.
struct LogLimiter: Sendable {
    let linesPerInterval: Int
    let interval: Duration
    private var intervalStart: Instant?
    private var lines = 0
    private var suppressed = 0

    init(linesPerInterval: Int = 20, interval: Duration = .seconds(10)) {
        self.linesPerInterval = linesPerInterval
        self.interval = interval
    }

    /// Nil: do not write this line. Otherwise how many were not written since the last one that was.
    mutating func admit(now: Instant) -> Int? {
        if intervalStart.map({ now.since($0) >= interval }) ?? true {
            intervalStart = now
            lines = 0
        }
        guard lines < linesPerInterval else {
            suppressed += 1
            return nil
        }
        lines += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
