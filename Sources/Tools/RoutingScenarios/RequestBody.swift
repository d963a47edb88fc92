import Routing

extension RoutingRequest {
    /// The request of a scenario's body (routing reference, section 1.4).
    init(body: JSONNode, tokens: Int) {
        self.init(model: body["model"]?.text ?? "")
        isStream = body["stream"]?.isTrue ?? false
        messageTokens = tokens
        inputTokens = tokens
        maxOutputTokens = body["max_tokens"]?.int ?? body["max_completion_tokens"]?.int
        requiresResponseSchema = body["response_format"] != nil
        numRetries = body["num_retries"]?.int.map { min(max($0, 0), 1000) }  // a real request has no more
        timeout = body["timeout"]?.seconds
        requestTimeout = body["request_timeout"]?.seconds
        streamTimeout = body["stream_timeout"]?.seconds
        readFallbacks(body["fallbacks"]?.array)
        contextWindowFallbacks = body["context_window_fallbacks"]?.array.map { $0.flatMap(\.fallbackLists) }
        contentPolicyFallbacks = body["content_policy_fallbacks"]?.array.map { $0.flatMap(\.fallbackLists) }
        disableFallbacks = body["disable_fallbacks"]?.isTrue ?? false
        maxFallbacks = body["max_fallbacks"]?.int
        tags = body["metadata"]?["tags"]?.strings ?? body["tags"]?.strings ?? []
        allowedModelRegion = body["allowed_model_region"]?.text
        routingStrategy = body["routing_strategy"]?.text.flatMap(RoutingStrategyName.init)
        mockFallbacks = body["mock_testing_fallbacks"]?.isTrue ?? false
        mockContextFallbacks = body["mock_testing_context_fallbacks"]?.isTrue ?? false
        mockContentPolicyFallbacks = body["mock_testing_content_policy_fallbacks"]?.isTrue ?? false
        mockRateLimitError = body["mock_testing_rate_limit_error"]?.isTrue ?? false
    }

    /// Three forms: names, `{"model": name, ...}`, or lists by group.
    private mutating func readFallbacks(_ entries: [JSONNode]?) {
        guard let entries else { return }
        let lists = entries.filter { $0["model"] == nil }.flatMap(\.fallbackLists)
        if !lists.isEmpty {
            fallbackLists = lists
            return
        }
        fallbacks = entries.enumerated().compactMap { index, entry in
            if let name = entry.text { return FallbackTarget(group: name) }
            return entry["model"]?.text.map { FallbackTarget(group: $0, parameterEntry: index) }
        }
    }
}

extension JSONNode {
    /// A timeout; nil for one that a real request cannot have.
    fileprivate var seconds: Duration? { double.flatMap { $0 > 0 ? .seconds($0) : nil } }

    fileprivate var fallbackLists: [RouterSettings.FallbackList] {
        (object ?? [:]).compactMap { group, targets in
            targets.array.map { .init(group: group, targets: $0.compactMap { $0.text ?? $0["model"]?.text }) }
        }
    }
}
