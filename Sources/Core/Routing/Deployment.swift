/// A deployment's identity: `model_info.id`, or a digest over the group name and all `litellm_params`.
public struct DeploymentID: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
}

/// One `model_list` entry, as far as routing looks at it. Keys, defaults and precedence: routing reference, section 1.1.
public struct Deployment: Sendable {
    public var id: DeploymentID
    /// `model_name`: the group; may hold `*`.
    public var group: String
    /// `litellm_params.model` as written; for wildcard groups it may hold `*`.
    public var model: String
    /// The model id as the provider knows it (price and capability look-ups, events), without route and region.
    public var modelID: String
    /// The region that calls go to.
    public var region: String?
    /// `litellm_params.region_name`.
    public var regionName: String?
    /// What names the account: deployments with equal `account`, `region` and `modelID` share one provider quota.
    public var account: String

    /// `litellm_params.weight`, `.rpm`, `.tpm`: what simple-shuffle, pre-call checks and parallel slots read.
    public var parameters = Limits()
    public var weight: Double?
    /// Effective limits: top level, then `litellm_params`, then `model_info`.
    public var limits = Limits()
    /// `litellm_params.itpm`, `.otpm`: with `enforce_model_rate_limits` only.
    public var inputTokensPerMinute: Int?
    public var outputTokensPerMinute: Int?
    /// The provider books `max_tokens` against the quota when a call starts (Bedrock does), so its calls reserve
    /// them on top of the input estimate. Default: the input estimate alone, which is what LiteLLM compares.
    public var reservesOutputTokens = false
    public var maxParallelRequests: Int?
    public var order: Int?
    public var tags: [String] = []
    public var tagPatterns: [String] = []
    public var timeout: Duration?
    public var requestTimeout: Duration?
    public var streamTimeout: Duration?
    public var numRetries: Int?
    /// Zero: never cools down.
    public var cooldownTime: Duration?
    public var allowedFails: Int?
    public var allowedFailsPolicy: FailurePolicy?
    /// From `model_info`, else from the model catalogue.
    public var maxInputTokens: Int?
    /// What the model can be asked for at most; nil where unknown.
    public var maxOutputTokens: Int?
    /// What it is asked for where a request does not say: `litellm_params.max_tokens`.
    public var defaultOutputTokens: Int?
    /// Whether the answer can be held to a `response_format` schema; nil where unknown.
    public var supportsResponseSchema: Bool?
    public var prices: Prices?
    /// What a model costs that a wildcard stands for, by its id; nil for a deployment of one model.
    public var lookUpPrices: (@Sendable (String) -> Prices?)?
    public var isBlocked = false
    /// `litellm_params.mock_response`: answered without a provider call.
    public var mockResponse: String?
    /// Which call of a group's model the deployment is for provider budgets: the provider's name.
    public var provider = "bedrock"

    public struct Limits: Hashable, Sendable {
        public var requestsPerMinute: Int?
        public var tokensPerMinute: Int?

        public init(requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil) {
            self.requestsPerMinute = requestsPerMinute
            self.tokensPerMinute = tokensPerMinute
        }
    }

    /// US dollars per token.
    public struct Prices: Hashable, Sendable {
        public var input: Double
        public var output: Double
        public var cacheRead: Double?
        public var cacheWrite: Double?

        public init(input: Double, output: Double, cacheRead: Double? = nil, cacheWrite: Double? = nil) {
            self.input = input
            self.output = output
            self.cacheRead = cacheRead
            self.cacheWrite = cacheWrite
        }
    }

    /// What calls of `model` cost: the deployment's own, or one that its wildcard stands for.
    public func prices(of model: String) -> Prices? { prices ?? lookUpPrices?(model) }

    /// The id of the model that `captures` make of a wildcard's.
    func modelID(with captures: [String]) -> String {
        captures.isEmpty ? modelID : WildcardPattern.fill(modelID, with: captures)
    }

    public init(
        id: DeploymentID, group: String, model: String, modelID: String, region: String? = nil, account: String = ""
    ) {
        self.id = id
        self.group = group
        self.model = model
        self.modelID = modelID
        self.region = region
        self.account = account
    }
}
