public import ChatCompletions

/// The values of `router_settings.routing_strategy`; `round-robin` is ours.
public enum RoutingStrategyName: String, CaseIterable, Sendable {
    case simpleShuffle = "simple-shuffle"
    case leastBusy = "least-busy"
    case usageBased = "usage-based-routing"
    case usageBasedV2 = "usage-based-routing-v2"
    case latencyBased = "latency-based-routing"
    case costBased = "cost-based-routing"
    case providerBudget = "provider-budget-routing"
    case roundRobin = "round-robin"

    /// Whether it chooses by the tokens that calls in flight have reserved.
    public var weighsTokens: Bool { self == .usageBased || self == .usageBasedV2 }
}

/// `routing_strategy_args`.
public struct RoutingStrategyArguments: Hashable, Sendable {
    public var ttl: Duration?
    public var lowestLatencyBuffer = 0.0
    public var maxLatencyListSize = 10
    public var ttftPercentile: Double?

    public init() {}
}

/// Everything the router is told: `router_settings` merged over `litellm_settings`. Keys, defaults and
/// precedence: routing reference, sections 1.2 and 1.3.
public struct RouterSettings: Sendable {
    public var strategy = RoutingStrategyName.simpleShuffle
    public var strategyArguments = RoutingStrategyArguments()
    public var numRetries = 2
    public var numRetriesPerRequest: Int?
    /// The least back-off.
    public var retryAfter = Duration.zero
    public var retryPolicy: FailurePolicy?
    public var modelGroupRetryPolicy: [String: FailurePolicy] = [:]
    /// `router_settings.timeout`, `.stream_timeout`, `litellm_settings.request_timeout`.
    public var timeout: Duration?
    public var streamTimeout: Duration?
    public var requestTimeout: Duration?
    /// In order; `default_fallbacks` is appended as the entry `*`.
    public var fallbacks: [FallbackList] = []
    /// Nil: the setting is absent, which differs from empty (routing reference, section 6); an empty list in
    /// `router_settings` is as good as absent.
    public var contextWindowFallbacks: [FallbackList]?
    public var contentPolicyFallbacks: [FallbackList]?
    public var maxFallbacks = 5
    /// Nil: unset, so the default cool-down rule applies.
    public var allowedFails: Int?
    public var allowedFailsPolicy: FailurePolicy?
    /// Nil: unset (5 s).
    public var cooldownTime: Duration?
    public var disableCooldowns = false
    public var enablePreCallChecks = false
    public var enforceModelRateLimits = false
    public var modelGroupAlias: [String: String] = [:]
    public var defaultMaxParallelRequests: Int?
    public var enableTagFiltering = false
    public var tagFilteringMatchAny = true
    public var enableWeightedFailover = false
    public var routingGroups: [RoutingGroup] = []
    /// Provider name -> budget.
    public var providerBudgets: [String: ProviderBudget] = [:]
    public var onCapacityExhausted = CapacityPolicy.wait

    public init() {}

    public enum CapacityPolicy: String, CaseIterable, Sendable {
        /// Hold the request until a deployment frees up.
        case wait
        /// Answer 429 with the remaining seconds, as LiteLLM does.
        case reject
    }

    public struct FallbackList: Hashable, Sendable {
        /// The group it serves; `*` serves groups without a list of their own.
        public var group: String
        public var targets: [String]
        /// What replaces a request's parameters when it goes to a target, as a JSON object; most targets have none.
        public var parameters: [String: [UInt8]]
        /// What replaces its routing there.
        public var overrides: [String: FallbackOverrides]

        public init(
            group: String, targets: [String], parameters: [String: [UInt8]] = [:],
            overrides: [String: FallbackOverrides] = [:]
        ) {
            self.group = group
            self.targets = targets
            self.parameters = parameters
            self.overrides = overrides
        }
    }

    /// `routing_groups[]`: gives groups their own strategy, and is itself callable over all of them.
    public struct RoutingGroup: Sendable {
        public var name: String
        public var models: [String]
        public var strategy: RoutingStrategyName?
        public var arguments: RoutingStrategyArguments
        /// `routing_strategy: priority`: group -> priority, which becomes `order`. Empty otherwise.
        public var modelPriorities: [String: Int]

        public init(
            name: String, models: [String], strategy: RoutingStrategyName?,
            arguments: RoutingStrategyArguments = RoutingStrategyArguments(), modelPriorities: [String: Int] = [:]
        ) {
            self.name = name
            self.models = models
            self.strategy = strategy
            self.arguments = arguments
            self.modelPriorities = modelPriorities
        }
    }

    public struct ProviderBudget: Hashable, Sendable {
        /// US dollars per period.
        public var limit: Double
        public var period: Duration

        public init(limit: Double, period: Duration) {
            self.limit = limit
            self.period = period
        }
    }
}
