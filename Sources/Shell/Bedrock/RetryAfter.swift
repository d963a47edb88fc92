import HTTP
import Time

/// How long an answer asks us to stay away. Bounds are routing's business: waiting and cooling down have different ones.
enum RetryAfter {
    /// `retry-after` (seconds, or an HTTP date), else `x-amz-retry-after` (milliseconds).
    static func duration(in headers: HTTPHeaders, now: Instant) -> Duration? {
        if let text = headers["retry-after"], let duration = duration(text, now: now) { return duration }
        return headers["x-amz-retry-after"].flatMap(number).map { .nanoseconds(Int64($0 * 1e6)) }
    }

    private static func duration(_ text: String, now: Instant) -> Duration? {
        if let seconds = number(text) { return .nanoseconds(Int64(seconds * 1e9)) }
        guard let date = HTTPDate.instant(text) else { return nil }
        let wait = date.since(now)
        return wait > .zero ? wait : nil
    }

    /// A number that is not negative and, as a wait in seconds, not above a year.
    private static func number(_ text: String) -> Double? {
        Double(text).flatMap { $0 >= 0 && $0 <= 31_536_000 ? $0 : nil }
    }
}
