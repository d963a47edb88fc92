import ChatCompletions
import Configuration
import Routing
import Testing

@Suite struct RouterSettingsSectionTests {
    private static let groups =
        "model_list:\n"
        + ["a", "b", "c"].map {
            "  - {model_name: \($0), litellm_params: {model: bedrock/x.y}}\n"
        }.joined()

    private func settings(_ text: String) throws -> ServiceConfiguration { try load(Self.groups + text) }

    @Test func `every key of the section is read`() throws {
        let configuration = try settings(
            """
            router_settings:
              routing_strategy: latency-based-routing
              routing_strategy_args: {ttl: 10, lowest_latency_buffer: 0.5, max_latency_list_size: 3, ttft_percentile: 0.9}
              num_retries: 4
              retry_after: 1
              retry_policy: {RateLimitErrorRetries: 3, DefaultRetries: 1}
              model_group_retry_policy: {a: {TimeoutErrorRetries: 0}}
              timeout: 20
              stream_timeout: 30
              fallbacks: [{a: [b, c]}, {"*": [c]}]
              default_fallbacks: [b]
              context_window_fallbacks: [{a: [c]}]
              content_policy_fallbacks: []
              max_fallbacks: 1
              allowed_fails: 7
              allowed_fails_policy: {BadGatewayErrorAllowedFails: 2}
              cooldown_time: 8
              disable_cooldowns: true
              enable_pre_call_checks: true
              optional_pre_call_checks: [enforce_model_rate_limits]
              model_group_alias: {nick: a, name: {model: b, hidden: true}}
              default_max_parallel_requests: 9
              enable_tag_filtering: true
              tag_filtering_match_any: false
              enable_weighted_failover: true
              routing_groups:
                - {group_name: fast, models: [a, b], routing_strategy: least-busy, routing_strategy_args: {ttl: 5}}
                - {group_name: ranked, models: [a, b], routing_strategy: priority, model_priorities: {a: 1, b: 2}}
              provider_budget_config: {bedrock: {budget_limit: 0.5, time_period: 1d}}
            """)
        let router = configuration.router

        #expect(router.strategy == .latencyBased)
        #expect(router.strategyArguments.ttl == .seconds(10))
        #expect(router.strategyArguments.lowestLatencyBuffer == 0.5)
        #expect(router.strategyArguments.maxLatencyListSize == 3)
        #expect(router.strategyArguments.ttftPercentile == 0.9)
        #expect(router.numRetries == 4)
        #expect(router.retryAfter == .seconds(1))
        #expect(router.retryPolicy == FailurePolicy(counts: [.rateLimit: 3], defaultCount: 1))
        #expect(router.modelGroupRetryPolicy == ["a": FailurePolicy(counts: [.timeout: 0])])
        #expect(router.timeout == .seconds(20))
        #expect(router.streamTimeout == .seconds(30))
        #expect(router.fallbacks.map(\.group) == ["a", "*", "*"])
        #expect(router.fallbacks.map(\.targets) == [["b", "c"], ["c"], ["b"]])
        #expect(router.contextWindowFallbacks == [.init(group: "a", targets: ["c"])])
        #expect(router.contentPolicyFallbacks == nil)
        #expect(router.maxFallbacks == 1)
        #expect(router.allowedFails == 7)
        #expect(router.allowedFailsPolicy == FailurePolicy(counts: [.badGateway: 2]))
        #expect(router.cooldownTime == .seconds(8))
        #expect(router.disableCooldowns && router.enablePreCallChecks && router.enforceModelRateLimits)
        #expect(router.modelGroupAlias == ["nick": "a", "name": "b"])
        #expect(router.defaultMaxParallelRequests == 9)
        #expect(router.enableTagFiltering && !router.tagFilteringMatchAny && router.enableWeightedFailover)
        #expect(router.routingGroups.map(\.name) == ["fast", "ranked"])
        #expect(router.routingGroups.map(\.strategy) == [.leastBusy, nil])
        #expect(router.routingGroups[0].arguments.ttl == .seconds(5))
        #expect(router.routingGroups[1].modelPriorities == ["a": 1, "b": 2])
        #expect(router.providerBudgets == ["bedrock": .init(limit: 0.5, period: .seconds(86_400))])
    }

    @Test func `litellm_settings are the weaker defaults`() throws {
        let general = """
            litellm_settings:
              num_retries: 5
              fallbacks: [{a: [b]}]
              default_fallbacks: [c]
              context_window_fallbacks: [{a: [b]}]
              content_policy_fallbacks: [{a: [b]}]
              max_fallbacks: 2
              request_timeout: 10
              num_retries_per_request: 6
              allowed_fails: 1
              cooldown_time: 30

            """
        let weak = try settings(general).router
        #expect(weak.numRetries == 5)
        #expect(weak.fallbacks == [.init(group: "a", targets: ["b"]), .init(group: "*", targets: ["c"])])
        #expect(weak.contextWindowFallbacks == [.init(group: "a", targets: ["b"])])
        #expect(weak.contentPolicyFallbacks == [.init(group: "a", targets: ["b"])])
        #expect(weak.maxFallbacks == 2)
        #expect(weak.requestTimeout == .seconds(10))
        #expect(weak.numRetriesPerRequest == 6)
        #expect(weak.allowedFails == 1)
        #expect(weak.cooldownTime == .seconds(30))

        let strong = try settings(
            general + """
                router_settings:
                  num_retries: 0
                  fallbacks: [{b: [c]}]
                  default_fallbacks: [a]
                  context_window_fallbacks: []
                  max_fallbacks: 3
                  allowed_fails: null
                  cooldown_time: 0
                """
        ).router
        #expect(strong.numRetries == 0)
        #expect(strong.fallbacks == [.init(group: "b", targets: ["c"]), .init(group: "*", targets: ["a"])])
        #expect(strong.contextWindowFallbacks?.map(\.targets) == [["b"]])
        #expect(strong.maxFallbacks == 3)
        #expect(strong.allowedFails == 1)
        #expect(strong.cooldownTime == .seconds(30))
    }

    @Test(arguments: ["latency-based-routing\"", "'\"latency-based-routing\"'", "\" latency-based-routing \""])
    func `stray quotes and blanks around a strategy are dropped with a warning`(_ text: String) throws {
        let configuration = try settings("router_settings:\n  routing_strategy: \(text)\n")
        #expect(configuration.router.strategy == .latencyBased)
        #expect(
            configuration.warnings.map(\.message).contains(
                "stray quotes or blanks around \"latency-based-routing\" are ignored"))
    }

    @Test(arguments: [
        (
            "routing_strategy: latency",
            "routing_strategy: \"latency\" is not valid, expected one of simple-shuffle, least-busy, usage-based-routing, usage-based-routing-v2, latency-based-routing, cost-based-routing, provider-budget-routing, round-robin"
        ),
        (
            "routing_strategy: least-bussy",
            "routing_strategy: \"least-bussy\" is not valid, expected one of simple-shuffle, least-busy, usage-based-routing, usage-based-routing-v2, latency-based-routing, cost-based-routing, provider-budget-routing, round-robin; did you mean least-busy?"
        ),
        ("fallbacks: [a]", "fallbacks[0]: expected a mapping with one key, such as {my-group: [other-group]}"),
        (
            "fallbacks: [{a: [b], b: [c]}]",
            "fallbacks[0]: expected a mapping with one key, such as {my-group: [other-group]}"
        ),
        ("num_retries: -1", "num_retries: \"-1\" is not valid, expected a whole number from 0 to 1000"),
        ("retry_policy: 3", "retry_policy: expected a mapping"),
        (
            "provider_budget_config: {bedrock: {budget_limit: 1, time_period: day}}",
            "provider_budget_config.bedrock.time_period: \"day\" is not valid, expected a period such as 30s, 10m, 2h, 1d, 1w or 1mo"
        ),
        (
            "provider_budget_config: {bedrock: {time_period: 1d}}",
            "provider_budget_config.bedrock.budget_limit: is missing, and is required"
        ),
        ("routing_groups: [{models: [a]}]", "routing_groups[0].group_name: is missing, and is required"),
        ("model_group_alias: {nick: {hidden: true}}", "model_group_alias.nick.model: is missing, and is required"),
    ])
    func `a wrong setting is an error`(_ line: String, _ expected: String) {
        #expect(
            problems(in: Self.groups + "router_settings: {\(line)}") == ["test.yaml:5: router_settings.\(expected)"])
    }

    @Test(arguments: [
        (
            "redis_host: x",
            "redis_host: is not supported and has no effect: router state is kept in the process, without Redis"
        ),
        ("cache_responses: true", "cache_responses: is not supported and has no effect: responses are not cached"),
        (
            "health_check_interval: 3",
            "health_check_interval: is not supported and has no effect: deployments are judged by their requests"
        ),
        ("num_retrys: 3", "num_retrys: is not a known key and has no effect; did you mean num_retries?"),
        ("fallbacks: [{a: [bb]}]", "fallbacks[0].a[0]: \"bb\" is not a model group of model_list; did you mean b?"),
        (
            "optional_pre_call_checks: [prompt_caching]",
            "optional_pre_call_checks: \"prompt_caching\" is not supported and has no effect"
        ),
        (
            "optional_pre_call_checks: [router_budget_limiting]",
            "optional_pre_call_checks: \"router_budget_limiting\" has no effect without provider_budget_config"
        ),
        (
            "provider_budget_config: {openai: {budget_limit: 1, time_period: 1d}}",
            "provider_budget_config.openai: has no effect: every deployment is of provider bedrock"
        ),
    ])
    func `a setting without effect is a warning that names it`(_ line: String, _ expected: String) throws {
        let found = try warnings(for: Self.groups + "router_settings: {\(line)}")
        #expect(found.contains { $0.hasPrefix("test.yaml:5: router_settings.\(expected)") }, "\(found)")
        #expect(found.count == 1)
    }

    @Test func `a fallback may have parameters of its own`() throws {
        let text = Self.groups + "router_settings: {fallbacks: [{a: [{model: b, temperature: 0, stop: [x]}, a]}]}"
        #expect(try warnings(for: text) == [])
        let lists = try ServiceConfiguration.load(
            sources: [ConfigurationSource(name: "test.yaml", text: text)], environment: [:]
        ).router.fallbacks
        #expect(lists[0].targets == ["b", "a"])
        #expect(
            lists[0].parameters.mapValues { String(decoding: $0, as: UTF8.self) } == [
                "b": #"{"temperature":0,"stop":["x"]}"#
            ])
    }

    @Test func `a fallback may have routing of its own`() throws {
        func overrides(_ entry: String) throws -> FallbackOverrides? {
            let text = Self.groups + "router_settings: {fallbacks: [{a: [{model: b, \(entry)}]}]}"
            let sources = [ConfigurationSource(name: "test.yaml", text: text)]
            return try ServiceConfiguration.load(sources: sources, environment: [:]).router.fallbacks[0].overrides["b"]
        }
        var expected = FallbackOverrides()
        expected.timeout = .milliseconds(500)
        expected.numRetries = 0
        #expect(try overrides(#"timeout: 0.5, num_retries: "0", top_k: 3"#) == expected)
        #expect(try overrides("top_k: 3") == nil)
        let wrong = #expect(throws: ConfigurationErrors.self) { try overrides("timeout: soon") }
        #expect(
            wrong?.problems.map(\.description) == [
                "test.yaml:5: router_settings.fallbacks[0].a[0]: Invalid type for 'timeout': expected a number of seconds, but got a string instead."
            ])
    }

    @Test(arguments: ["context_window_fallbacks", "content_policy_fallbacks"])
    func `an empty list hides neither the other section's nor the general one`(key: String) throws {
        func lists(_ text: String) throws -> [RouterSettings.FallbackList]? {
            let sources = [ConfigurationSource(name: "test.yaml", text: Self.groups + text)]
            let router = try ServiceConfiguration.load(sources: sources, environment: [:]).router
            return key.hasPrefix("context") ? router.contextWindowFallbacks : router.contentPolicyFallbacks
        }
        #expect(try lists("router_settings: {\(key): []}") == nil)
        #expect(try lists("") == nil)
        // There, LiteLLM tells an empty list from none.
        #expect(try lists("litellm_settings: {\(key): []}") == [])
        let general = try lists("router_settings: {\(key): []}\nlitellm_settings: {\(key): [{a: [b]}]}")
        #expect(general?.map(\.targets) == [["b"]])
    }

    @Test func `every key of the other LiteLLM sections is warned about by name`() throws {
        let found = try warnings(
            for: Self.groups
                + "litellm_settings: {callbacks: [x], foo: 1}\ngeneral_settings: {master_key: os.environ/UNSET}\nguardrails: []\nrouter_setings: {}"
        )
        #expect(
            found == [
                "test.yaml:5: litellm_settings.callbacks: is not supported and has no effect: routing events and metrics take the place of callbacks",
                "test.yaml:5: litellm_settings.foo: is not a known key and has no effect",
                "test.yaml:6: general_settings.master_key: is not supported and has no effect: it concerns LiteLLM's HTTP proxy, and requests come from Kafka",
                "test.yaml:7: guardrails: is not a known key and has no effect",
                "test.yaml:8: router_setings: is not a known key and has no effect; did you mean router_settings?",
            ])
    }

    @Test func `the right spelling wins over the samples' misspelling`() throws {
        let configuration = try settings(
            "router_settings: {enable_pre_call_check: true, enable_pre_call_checks: false}")
        #expect(!configuration.router.enablePreCallChecks)
        #expect(
            configuration.warnings.map(\.message) == [
                "is not a LiteLLM key and is ignored, since enable_pre_call_checks is given as well"
            ])
    }

    @Test func `variables declared in the file fill in for the process's`() throws {
        let text =
            "environment_variables: {TOPIC: declared, COPY: $HOME_TOPIC}\nrelay: {reply_topic: $TOPIC, metrics_topic: $COPY}"
        let declared = try load(text, environment: ["HOME_TOPIC": "home"])
        #expect(declared.relay.replyTopic == "declared")
        #expect(declared.relay.metricsTopic == "home")
        #expect(try load(text, environment: ["HOME_TOPIC": "home", "TOPIC": "process"]).relay.replyTopic == "process")
        #expect(
            problems(in: text).map { $0.prefix(50) } == [
                "test.yaml:1: environment_variables.COPY: environme",
                "test.yaml:2: relay.metrics_topic: environment vari",
            ])
    }

    @Test func `a message never quotes what came from the environment`() {
        let found = problems(in: "relay: {max_in_flight: $NUMBER}", environment: ["NUMBER": "hunter2"])
        #expect(
            found == [
                "test.yaml:1: relay.max_in_flight: \"$NUMBER\" is not valid, expected a whole number from 1 to 1000000"
            ])
    }
}
