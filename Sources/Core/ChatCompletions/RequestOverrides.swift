import JSON

/// LiteLLM's per-request extras: what a request's own body says about its routing (routing reference, section 1.4).
public struct RequestOverrides: Hashable, Sendable {
    public var numRetries: Int?
    public var timeout: Duration?
    public var requestTimeout: Duration?
    public var streamTimeout: Duration?
    /// Nil: not given, the configured ones apply.
    public var fallbacks: Fallbacks?
    public var contextWindowFallbacks: [FallbackList]?
    public var contentPolicyFallbacks: [FallbackList]?
    public var disableFallbacks = false
    public var maxFallbacks: Int?
    /// `metadata.tags`.
    public var tags: [String] = []
    public var allowedModelRegion: String?
    /// By its name in the configuration; not checked here.
    public var routingStrategy: String?
    public var mockFallbacks = false
    public var mockContextFallbacks = false
    public var mockContentPolicyFallbacks = false
    public var mockRateLimitError = false
    /// The answer's text: no provider is called.
    public var mockResponse: String?

    public init() {}

    /// The body's keys that these come from.
    enum Key: String, CaseIterable, Sendable {
        case timeout, fallbacks, metadata
        case numRetries = "num_retries"
        case requestTimeout = "request_timeout"
        case streamTimeout = "stream_timeout"
        case contextWindowFallbacks = "context_window_fallbacks"
        case contentPolicyFallbacks = "content_policy_fallbacks"
        case disableFallbacks = "disable_fallbacks"
        case maxFallbacks = "max_fallbacks"
        case allowedModelRegion = "allowed_model_region"
        case routingStrategy = "routing_strategy"
        case mockFallbacks = "mock_testing_fallbacks"
        case mockContextFallbacks = "mock_testing_context_fallbacks"
        case mockContentPolicyFallbacks = "mock_testing_content_policy_fallbacks"
        case mockRateLimitError = "mock_testing_rate_limit_error"
        case mockResponse = "mock_response"

        static let table = KeyTable<Key>()
    }

    /// Takes one member of the body. A null is as good as absent. `path`: what errors put before its key.
    mutating func read(_ key: Key, _ value: JSONValue, path: String = "") throws(RequestFailure) {
        if value.isNull { return }
        let name = path + key.rawValue
        switch key {
        case .numRetries: numRetries = try value.requireInteger(atLeast: 0, atMost: 1000, name)
        case .timeout: timeout = try value.requireSeconds(name)
        case .requestTimeout: requestTimeout = try value.requireSeconds(name)
        case .streamTimeout: streamTimeout = try value.requireSeconds(name)
        case .fallbacks: fallbacks = try Fallbacks(value, name)
        case .contextWindowFallbacks: contextWindowFallbacks = try FallbackList.lists(value, name)
        case .contentPolicyFallbacks: contentPolicyFallbacks = try FallbackList.lists(value, name)
        case .disableFallbacks: disableFallbacks = try value.requireBool(name)
        case .maxFallbacks: maxFallbacks = try value.requireInteger(atLeast: 0, name)
        case .metadata: tags = try value.requireTags()
        case .allowedModelRegion: allowedModelRegion = try value.requireNonEmptyString(name)
        case .routingStrategy: routingStrategy = try value.requireNonEmptyString(name)
        case .mockFallbacks: mockFallbacks = try value.requireFlag(name)
        case .mockContextFallbacks: mockContextFallbacks = try value.requireFlag(name)
        case .mockContentPolicyFallbacks: mockContentPolicyFallbacks = try value.requireFlag(name)
        case .mockRateLimitError: mockRateLimitError = try value.requireFlag(name)
        case .mockResponse: mockResponse = try value.requireString(name)
        }
    }
}

extension JSONValue {
    /// A boolean, or the same in a string, as LiteLLM's mock flags are.
    fileprivate func requireFlag(_ param: String) throws(RequestFailure) -> Bool {
        if isString("true") || isString("True") { return true }
        if isString("false") || isString("False") { return false }
        return try requireBool(param)
    }

    fileprivate func requireTags() throws(RequestFailure) -> [String] {
        guard isObject else { throw .wrongType("metadata", expected: "an object", found: self) }
        guard let tags = self["tags"], !tags.isNull else { return [] }
        return try tags.requireStrings("metadata.tags")
    }
}
