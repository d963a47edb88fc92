import Time

/// When the keys of one identity are to be replaced (Bedrock reference, section 4.4).
///
/// From 15 minutes before their expiry they are refreshed in the background, from 10 minutes before it callers wait for
/// that. Keys that live shorter have proportionally shorter windows: they must not be refreshed without a pause.
struct RefreshSchedule: Hashable, Sendable {
    enum Phase: Hashable, Sendable {
        case fresh
        /// Refresh, and use the old keys meanwhile.
        case advisory
        /// Wait for the refresh; the old keys serve if it fails.
        case mandatory
        case expired
    }

    private static let advisoryWindow = Duration.seconds(15 * 60)
    private static let mandatoryWindow = Duration.seconds(10 * 60)
    private static let largestJitter = Duration.seconds(60)

    /// When the background refresh is due; nil: the keys last.
    let refreshAt: Instant?
    private let mandatoryAt: Instant
    private let expiration: Instant

    /// `jitter`, -1 to 1, spreads the refreshes of many processes.
    init(expiration: Instant?, fetched now: Instant, jitter: Double) {
        guard let expiration else {
            (refreshAt, mandatoryAt, self.expiration) = (nil, .distantFuture, .distantFuture)
            return
        }
        let lifetime = max(expiration.since(now), .zero)
        let advisory = min(Self.advisoryWindow, lifetime / 2)
        let spread = min(Self.largestJitter, lifetime / 20) * jitter
        refreshAt = expiration.advanced(by: spread - advisory)
        mandatoryAt = expiration.advanced(by: .zero - min(Self.mandatoryWindow, lifetime / 3))
        self.expiration = expiration
    }

    func phase(at now: Instant) -> Phase {
        guard let refreshAt, now >= refreshAt else { return .fresh }
        if now >= expiration { return .expired }
        return now >= mandatoryAt ? .mandatory : .advisory
    }

    /// How long to wait before another try after this many failures in a row: 1 s, doubling, 60 s at most.
    static func retryDelay(failures: Int) -> Duration {
        .seconds(min(1 << min(max(failures - 1, 0), 6), 60))
    }
}
