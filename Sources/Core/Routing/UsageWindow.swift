import Time

/// One deployment's use of the current UTC minute, and what its calls in flight have reserved.
///
/// Requests count when they are sent, tokens when the answer ends, both in that moment's minute; nothing rolls.
/// A reservation belongs to no minute: its tokens will be booked in whichever minute the call ends, so it weighs
/// on every minute until then. That is what keeps concurrent calls from overshooting a token limit.
struct UsageWindow: Sendable {
    private var minute = Int64.min
    private var requests = 0
    private var tokens = 0
    private var inputTokens = 0
    private var outputTokens = 0
    private(set) var reserved = 0

    static func minute(of now: Instant) -> Int64 {
        let (quotient, remainder) = now.nanoseconds.quotientAndRemainder(dividingBy: nanosecondsPerMinute)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// When the minute of `now` ends, and with it every over-limit.
    static func end(ofMinute minute: Int64) -> Instant {
        let (end, overflow) = (minute + 1).multipliedReportingOverflow(by: nanosecondsPerMinute)
        return overflow ? .distantFuture : Instant(nanoseconds: end)
    }

    func requests(in minute: Int64) -> Int { self.minute == minute ? requests : 0 }
    func tokens(in minute: Int64) -> Int { self.minute == minute ? tokens : 0 }
    func inputTokens(in minute: Int64) -> Int { self.minute == minute ? inputTokens : 0 }
    func outputTokens(in minute: Int64) -> Int { self.minute == minute ? outputTokens : 0 }

    /// A request is sent: it counts whatever becomes of it.
    mutating func dispatch(reserving estimate: Int, in minute: Int64) {
        roll(to: minute)
        requests += 1
        reserved += estimate
    }

    /// The answer's real usage replaces the reservation.
    mutating func settle(reservation: Int, input: Int, output: Int, total: Int, in minute: Int64) {
        roll(to: minute)
        reserved -= reservation
        tokens += total
        inputTokens += input
        outputTokens += output
    }

    /// A failed or abandoned call used no tokens.
    mutating func refund(reservation: Int) { reserved -= reservation }

    private mutating func roll(to minute: Int64) {
        guard self.minute != minute else { return }
        self.minute = minute
        (requests, tokens, inputTokens, outputTokens) = (0, 0, 0, 0)
    }

    private static let nanosecondsPerMinute: Int64 = 60_000_000_000
}
