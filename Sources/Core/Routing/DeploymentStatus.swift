/// One deployment as `/routes` shows it.
public struct DeploymentStatus: Sendable {
    /// With its configured limits.
    public var deployment: Deployment
    public var requestsThisMinute: Int
    /// Settled tokens; what calls in flight have reserved is in `reservedTokens`.
    public var tokensThisMinute: Int
    public var reservedTokens: Int
    public var inFlight: Int
    /// Calls it may have in flight at once; nil: unlimited.
    public var parallelSlots: Int?
    /// Seconds per completion token (latency-based routing); nil while cold.
    public var latencyEstimate: Double?
    /// Seconds to the first token of streamed answers; nil without such samples.
    public var timeToFirstTokenEstimate: Double?
    public var cooldownRemaining: Duration?
    /// What other instances have used of it this minute, as far as the state topic tells.
    public var peerRequestsThisMinute: Int
    public var peerTokensThisMinute: Int

    public init(
        deployment: Deployment, requestsThisMinute: Int, tokensThisMinute: Int, reservedTokens: Int = 0,
        inFlight: Int, parallelSlots: Int? = nil, latencyEstimate: Double?, timeToFirstTokenEstimate: Double? = nil,
        cooldownRemaining: Duration?, peerRequestsThisMinute: Int = 0, peerTokensThisMinute: Int = 0
    ) {
        self.deployment = deployment
        self.requestsThisMinute = requestsThisMinute
        self.tokensThisMinute = tokensThisMinute
        self.reservedTokens = reservedTokens
        self.inFlight = inFlight
        self.parallelSlots = parallelSlots
        self.latencyEstimate = latencyEstimate
        self.timeToFirstTokenEstimate = timeToFirstTokenEstimate
        self.cooldownRemaining = cooldownRemaining
        self.peerRequestsThisMinute = peerRequestsThisMinute
        self.peerTokensThisMinute = peerTokensThisMinute
    }
}
