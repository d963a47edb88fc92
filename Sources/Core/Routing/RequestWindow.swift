import Time

/// LiteLLM's count of calls for the pre-call rpm check: 60 s from the first call, then it starts over.
struct RequestWindow: Sendable {
    private var start = Int64.min
    private var count = 0

    func count(now: Instant) -> Int { isOver(now) ? 0 : count }

    /// When the calls counted so far are forgotten.
    var end: Instant { Instant(nanoseconds: start).advanced(nanoseconds: Self.length) }

    mutating func record(now: Instant) {
        if isOver(now) { (start, count) = (now.nanoseconds, 0) }
        count += 1
    }

    private func isOver(_ now: Instant) -> Bool {
        start == .min || now.nanoseconds - start >= Self.length
    }

    private static let length: Int64 = 60_000_000_000
}

extension Instant {
    /// `advanced(by:)` without the 128-bit arithmetic of `Duration`; saturates.
    func advanced(nanoseconds delta: Int64) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        return Instant(nanoseconds: overflow ? (delta > 0 ? .max : .min) : sum)
    }
}
