import Time

/// How far the clocks of endpoints are ahead of ours.
///
/// AWS refuses signatures that are off by about five minutes. When it does, its `Date` tells the right time, and
/// requests to that host are dated by it from then on.
struct ClockSkew: Sendable {
    private var offsets: [String: Duration] = [:]

    private static let tolerance = Duration.seconds(240)
    private static let signatureCodes: Set<String> = [
        "RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException", "SignatureDoesNotMatch",
    ]

    /// The time at `host` when ours is `now`.
    func time(at host: String, now: Instant) -> Instant {
        offsets.isEmpty ? now : offsets[host].map(now.advanced(by:)) ?? now
    }

    /// Learns from a refusal; returns the new offset if it was the clock's fault, so that signing again may help.
    mutating func correct(for error: ServiceError, from host: String, now: Instant) -> Duration? {
        guard error.status == 403, Self.mayBeTheClock(error), let date = error.date else { return nil }
        let remaining = date.since(time(at: host, now: now))
        guard remaining > Self.tolerance || remaining < .zero - Self.tolerance else { return nil }
        let offset = date.since(now)
        offsets[host] = offset
        return offset
    }

    private static func mayBeTheClock(_ error: ServiceError) -> Bool {
        guard let code = error.code else { return false }
        if signatureCodes.contains(code) { return true }
        guard code == "AuthFailure" else { return false }
        let text = error.text.lowercased()
        return text.contains("expired") || text.contains("expiry") || text.contains("current time")
    }
}
