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

    public init(
        deployment: Deployment, requestsThisMinute: Int, tokensThisMinute: Int, reservedTokens: Int = 0,
        inFlight: Int, parallelSlots: Int? = nil, latencyEstimate: Double?, timeToFirstTokenEstimate: Double? = nil,
        cooldownRemaining: Duration?
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
    }
}
