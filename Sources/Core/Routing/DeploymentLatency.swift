import Time

/// What latency-based routing knows of one deployment.
///
/// LiteLLM charges a timeout as one sample of 1000 s and other failures not at all, so a deployment is out for an hour
/// or attracts everything. Here each failure adds penalty points, which fade one every 30 s whatever happens.
struct DeploymentLatency: Sendable {
    /// Seconds per completion token.
    private(set) var perToken = LatencySamples()
    /// Seconds to the first token, of streamed answers.
    private(set) var firstToken = LatencySamples()
    private var penaltyPoints = 0.0
    private var penaltyTime = Int64.min
    /// It was benched and has not answered since: it gets one probe at a time.
    private(set) var isRecovering = false

    private static let pointsOfTimeout = 10.0
    private static let pointsOfFailure = 1.0
    private static let mostPoints = 10.0
    private static let fadeNanosecondsPerPoint = 30e9

    /// The answer took `duration` in all and had `completionTokens`.
    mutating func recordSuccess(
        duration: Duration, completionTokens: Int, timeToFirstToken: Duration?, limit: Int, now: Instant
    ) {
        let seconds = duration.inSeconds
        perToken.add(completionTokens > 0 ? seconds / Double(completionTokens) : seconds, now: now, limit: limit)
        if let timeToFirstToken { firstToken.add(timeToFirstToken.inSeconds, now: now, limit: limit) }
        penaltyPoints = max(0, points(now: now) - Self.pointsOfFailure)
        penaltyTime = now.nanoseconds
        isRecovering = false
    }

    mutating func recordFailure(isTimeout: Bool, startsCooldown: Bool, now: Instant) {
        let added = isTimeout ? Self.pointsOfTimeout : Self.pointsOfFailure
        penaltyPoints = min(Self.mostPoints, points(now: now) + added)
        penaltyTime = now.nanoseconds
        if startsCooldown { isRecovering = true }
    }

    mutating func expire(now: Instant, ttl: Int64) {
        perToken.expire(now: now, ttl: ttl)
        firstToken.expire(now: now, ttl: ttl)
    }

    /// The measured value that counts for a request, here and in other instances; nil while there is none.
    func value(isStream: Bool, percentile: Double?, peers: PeerTotals) -> Double? {
        if isStream,
            let streamed = LatencyEstimate.merging(firstToken.estimate(percentile: percentile), peers.firstToken)
        {
            return streamed.seconds
        }
        return LatencyEstimate.merging(perToken.estimate(percentile: nil), peers.perToken)?.seconds
    }

    /// By how much recent failures make it look slower: 1 to 6.
    func penaltyFactor(now: Instant) -> Double { 1 + points(now: now) / 2 }

    private func points(now: Instant) -> Double {
        guard penaltyPoints > 0 else { return 0 }
        return max(0, penaltyPoints - Double(now.nanoseconds - penaltyTime) / Self.fadeNanosecondsPerPoint)
    }
}
