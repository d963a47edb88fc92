import Routing
import YAML

extension RouterSettings {
    /// `router_settings` over `litellm_settings` over the defaults (routing reference, 1.2).
    init(reading section: SectionReader, over general: LiteLLMSettingsSection) {
        self.init()
        apply(general)
        section.read("routing_strategy", .strategy, into: &strategy)
        section.read("routing_strategy_args", .strategyArguments, into: &strategyArguments)
        section.read("num_retries", .retries, into: &numRetries)
        section.read("retry_after", .seconds(), into: &retryAfter)
        section.read("retry_policy", .retryPolicy, into: &retryPolicy)
        section.read("model_group_retry_policy", .map(of: .retryPolicy), into: &modelGroupRetryPolicy)
        section.read("timeout", .timeout, into: &timeout)
        section.read("stream_timeout", .timeout, into: &streamTimeout)
        section.read("max_fallbacks", .count, into: &maxFallbacks)
        if let fails = section.value("allowed_fails", .count) { allowedFails = fails }
        section.read("allowed_fails_policy", .allowedFailsPolicy, into: &allowedFailsPolicy)
        section.read("disable_cooldowns", .boolean, into: &disableCooldowns)
        section.acceptMisspelling(
            "enable_pre_call_check", of: "enable_pre_call_checks", .boolean, into: &enablePreCallChecks)
        section.read("enable_pre_call_checks", .boolean, into: &enablePreCallChecks)
        section.read("model_group_alias", .map(of: .aliasTarget), into: &modelGroupAlias)
        section.read("default_max_parallel_requests", .integer(in: 1...Int.max), into: &defaultMaxParallelRequests)
        section.read("enable_tag_filtering", .boolean, into: &enableTagFiltering)
        section.read("tag_filtering_match_any", .boolean, into: &tagFilteringMatchAny)
        section.read("enable_weighted_failover", .boolean, into: &enableWeightedFailover)
        _ = section.value("default_litellm_params", .node)  // the deployments take them: `DeploymentSection.Shared`
        section.read("routing_groups", .list(of: .routingGroup), into: &routingGroups)
        section.read("provider_budget_config", .map(of: .budget), into: &providerBudgets)
        warnOfOtherProviders(section)
        readCooldownTime(section)
        readFallbacks(section, over: general)
        readOptionalChecks(section)
        UnsupportedKeys.warnOfRouterSettings(in: section)
        section.finish(unknownKeys: .areWarnings)
    }

    private mutating func apply(_ general: LiteLLMSettingsSection) {
        numRetries = general.numRetries ?? numRetries
        maxFallbacks = general.maxFallbacks ?? maxFallbacks
        requestTimeout = general.requestTimeout
        numRetriesPerRequest = general.numRetriesPerRequest
        allowedFails = general.allowedFails
        cooldownTime = general.cooldownTime
    }

    private func warnOfOtherProviders(_ section: SectionReader) {
        let key = section.location.key("provider_budget_config")
        for entry in section["provider_budget_config"]?.mapping ?? [] where entry.key != "bedrock" {
            section.context.warn(
                entry.value, key.key(entry.key), "has no effect: every deployment is of provider bedrock")
        }
    }

    /// Zero counts as unset, as in LiteLLM.
    private mutating func readCooldownTime(_ section: SectionReader) {
        if let time = section.value("cooldown_time", .timeout), time != .zero { cooldownTime = time }
        if timeout == .zero { timeout = nil }
        if streamTimeout == .zero { streamTimeout = nil }
    }

    /// An empty list in `router_settings` is as good as none, as in LiteLLM, and `default_fallbacks` comes last.
    private mutating func readFallbacks(_ section: SectionReader, over general: LiteLLMSettingsSection) {
        let lists = { (key: String) in section.value(key, .fallbackLists).flatMap { $0.isEmpty ? nil : $0 } }
        fallbacks = lists("fallbacks") ?? general.fallbacks ?? []
        let defaults = section.value("default_fallbacks", .groups) ?? general.defaultFallbacks ?? []
        if !defaults.isEmpty { fallbacks.append(FallbackList(group: "*", targets: defaults)) }
        contextWindowFallbacks = lists("context_window_fallbacks") ?? general.contextWindowFallbacks
        contentPolicyFallbacks = lists("content_policy_fallbacks") ?? general.contentPolicyFallbacks
    }

    private mutating func readOptionalChecks(_ section: SectionReader) {
        let checks = section.value("optional_pre_call_checks", .list(of: .string)) ?? []
        for check in checks {
            let problem: String? =
                switch check {
                case "enforce_model_rate_limits": nil
                case "router_budget_limiting":
                    providerBudgets.isEmpty ? "\"\(check)\" has no effect without provider_budget_config" : nil
                default: "\"\(check)\" is not supported and has no effect"
                }
            if let problem, let node = section["optional_pre_call_checks"] {
                section.context.warn(node, section.location.key("optional_pre_call_checks"), problem)
            }
        }
        enforceModelRateLimits = checks.contains("enforce_model_rate_limits")
    }
}

extension ValueType<Int> {
    static var retries: Self { integer(in: 0...1000) }
}

extension ValueType<Duration> {
    /// Seconds; LiteLLM takes zero for unset, and so do the readers of each key.
    static var timeout: Self { seconds() }
}

extension ValueType<RoutingStrategyName> {
    /// Samples are known to carry a stray quote after the name: quotes and blanks around it are dropped and warned of.
    fileprivate static var strategy: Self {
        ValueType { node, key, context in
            guard let text = node.scalar?.text, let name = stripped(text) else {
                return choice.read(node, key, context)
            }
            context.warn(node, key, "stray quotes or blanks around \"\(name)\" are ignored")
            let clean = YAMLNode(.scalar(YAMLScalar(name, style: .quoted)), file: node.file, line: node.line)
            return choice.read(clean, key, context)
        }
    }

    /// Nil: there is nothing to strip.
    private static func stripped(_ text: String) -> String? {
        let isStray = { (character: Character) in character == "\"" || character == "'" || character.isWhitespace }
        var name = text.drop(while: isStray)
        while let last = name.last, isStray(last) { name.removeLast() }
        return name.count == text.count ? nil : String(name)
    }
}

extension ValueType<RoutingStrategyArguments> {
    static var strategyArguments: Self {
        section { section in
            var arguments = RoutingStrategyArguments()
            section.read("ttl", .seconds(atLeast: 0.001), into: &arguments.ttl)
            section.read("lowest_latency_buffer", .number(in: 0...1e15), into: &arguments.lowestLatencyBuffer)
            section.read("max_latency_list_size", .integer(in: 1...10_000), into: &arguments.maxLatencyListSize)
            section.read("ttft_percentile", .number(in: 0...1), into: &arguments.ttftPercentile)
            section.finish(unknownKeys: .areWarnings)
            return arguments
        }
    }
}
