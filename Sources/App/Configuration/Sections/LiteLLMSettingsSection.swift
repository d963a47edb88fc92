import Routing

/// The `litellm_settings` that reach routing, as the weaker defaults of `router_settings` (routing reference, 1.3).
struct LiteLLMSettingsSection {
    var numRetries: Int?
    var fallbacks: [RouterSettings.FallbackList]?
    var defaultFallbacks: [String]?
    var contextWindowFallbacks: [RouterSettings.FallbackList]?
    var contentPolicyFallbacks: [RouterSettings.FallbackList]?
    var maxFallbacks: Int?
    var requestTimeout: Duration?
    var numRetriesPerRequest: Int?
    // LiteLLM reads neither of these two here; their authors meant them to work, so they do.
    var allowedFails: Int?
    var cooldownTime: Duration?
    var dropsUnsupportedParameters = false

    init(reading section: SectionReader) {
        section.read("num_retries", .retries, into: &numRetries)
        section.read("fallbacks", .fallbackLists, into: &fallbacks)
        section.read("default_fallbacks", .groups, into: &defaultFallbacks)
        section.read("context_window_fallbacks", .fallbackLists, into: &contextWindowFallbacks)
        section.read("content_policy_fallbacks", .fallbackLists, into: &contentPolicyFallbacks)
        section.read("max_fallbacks", .count, into: &maxFallbacks)
        section.read("request_timeout", .timeout, into: &requestTimeout)
        section.read("num_retries_per_request", .count, into: &numRetriesPerRequest)
        section.read("allowed_fails", .count, into: &allowedFails)
        section.read("cooldown_time", .timeout, into: &cooldownTime)
        section.read("drop_params", .boolean, into: &dropsUnsupportedParameters)
        UnsupportedKeys.warnOfSettings(in: section)
        section.finish(unknownKeys: .areWarnings)
        if requestTimeout == .zero { requestTimeout = nil }
        if cooldownTime == .zero { cooldownTime = nil }
    }
}
