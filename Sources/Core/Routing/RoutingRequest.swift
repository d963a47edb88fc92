public import ChatCompletions

/// What routing knows of one chat request (routing reference, section 1.4).
public struct RoutingRequest: Sendable {
    /// The requested group, alias or deployment id.
    public var model: String
    public var isStream = false
    /// Input tokens of the messages, and of messages, tools and system text together (routing reference, section 11).
    public var messageTokens = 0
    public var inputTokens = 0
    /// `max_tokens` / `max_completion_tokens`.
    public var maxOutputTokens: Int?
    public var requiresResponseSchema = false
    public var numRetries: Int?
    public var timeout: Duration?
    public var requestTimeout: Duration?
    public var streamTimeout: Duration?
    /// Nil: not given, the configured lists apply; empty: none.
    public var fallbacks: [FallbackTarget]?
    /// `fallbacks` in its other form, `[{"group": ["target", ...]}]`: replaces the configured lists.
    public var fallbackLists: [RouterSettings.FallbackList]?
    public var contextWindowFallbacks: [RouterSettings.FallbackList]?
    public var contentPolicyFallbacks: [RouterSettings.FallbackList]?
    public var disableFallbacks = false
    public var maxFallbacks: Int?
    public var tags: [String] = []
    public var allowedModelRegion: String?
    public var routingStrategy: RoutingStrategyName?
    public var mockFallbacks = false
    public var mockContextFallbacks = false
    public var mockContentPolicyFallbacks = false
    public var mockRateLimitError = false

    public init(model: String) { self.model = model }

    /// One entry of a request's own `fallbacks`.
    public struct FallbackTarget: Hashable, Sendable {
        public var group: String
        /// Which entry of the body's list it is, where that entry carries parameters for the hop; else nil.
        public var parameterEntry: Int?
        public var overrides: FallbackOverrides?

        public init(group: String, parameterEntry: Int? = nil, overrides: FallbackOverrides? = nil) {
            self.group = group
            self.parameterEntry = parameterEntry
            self.overrides = overrides
        }
    }
}

extension RoutingRequest {
    /// The request as a fallback entry has it.
    func with(_ overrides: FallbackOverrides) -> RoutingRequest {
        var request = self
        request.numRetries = overrides.numRetries ?? numRetries
        request.timeout = overrides.timeout ?? timeout
        request.requestTimeout = overrides.requestTimeout ?? requestTimeout
        request.streamTimeout = overrides.streamTimeout ?? streamTimeout
        return request
    }
}
