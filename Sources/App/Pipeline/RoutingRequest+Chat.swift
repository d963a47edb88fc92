import ChatCompletions
import Routing

extension RoutingRequest {
    /// What routing looks at in `request`, but for its tokens: counting those reads all of its text, and often nothing
    /// depends on them (`Router.weighsTokens`). Throws for a strategy that does not exist.
    init(_ request: ChatRequest) throws(RequestFailure) {
        let overrides = request.overrides
        self.init(model: request.model)
        isStream = request.isStream
        maxOutputTokens = request.maxOutputTokens
        requiresResponseSchema = request.responseFormat == .jsonSchema
        numRetries = overrides.numRetries
        timeout = overrides.timeout
        requestTimeout = overrides.requestTimeout
        streamTimeout = overrides.streamTimeout
        switch overrides.fallbacks {
        case .targets(let targets):
            fallbacks = targets.map {
                FallbackTarget(group: $0.group, parameterEntry: $0.parameterEntry, overrides: $0.overrides)
            }
        case .lists(let lists): fallbackLists = lists.map { RouterSettings.FallbackList($0) }
        case nil: break
        }
        contextWindowFallbacks = overrides.contextWindowFallbacks.map { $0.map { RouterSettings.FallbackList($0) } }
        contentPolicyFallbacks = overrides.contentPolicyFallbacks.map { $0.map { RouterSettings.FallbackList($0) } }
        disableFallbacks = overrides.disableFallbacks
        maxFallbacks = overrides.maxFallbacks
        tags = overrides.tags
        allowedModelRegion = overrides.allowedModelRegion
        routingStrategy = try Self.strategy(overrides.routingStrategy)
        mockFallbacks = overrides.mockFallbacks
        mockContextFallbacks = overrides.mockContextFallbacks
        mockContentPolicyFallbacks = overrides.mockContentPolicyFallbacks
        mockRateLimitError = overrides.mockRateLimitError
    }

    mutating func countTokens(of request: ChatRequest) {
        let estimate = TokenEstimate(of: request)
        messageTokens = estimate.messages
        inputTokens = estimate.total
    }

    private static func strategy(_ name: String?) throws(RequestFailure) -> RoutingStrategyName? {
        guard let name else { return nil }
        guard let strategy = RoutingStrategyName(rawValue: name) else {
            let known = RoutingStrategyName.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(
                "'routing_strategy' is '\(name)'; the strategies are \(known).", param: "routing_strategy")
        }
        return strategy
    }
}

extension RouterSettings.FallbackList {
    fileprivate init(_ list: RequestOverrides.FallbackList) {
        self.init(group: list.group, targets: list.targets)
    }
}
