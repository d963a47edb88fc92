public import Time

/// Which deployment a request goes to, when, and why not: the whole of routing as one value.
///
/// It does no I/O and owns no clock: the caller asks `nextStep`, does what it says, and reports with `finish`.
/// Everything about one request lives in its `RouteSession`, everything shared in here.
public struct Router: Sendable {
    public init(settings: RouterSettings, deployments: [Deployment], chooser: any Chooser) {
        fatalError("skeleton")
    }

    /// Begins a request. Consumes nothing: a request that is not sent uses no quota.
    public mutating func begin(_ request: RoutingRequest, now: Instant) -> RouteSession { fatalError("skeleton") }

    /// What to do next for this request. After `.call` the caller must `finish` before asking again.
    public mutating func nextStep(of session: inout RouteSession, now: Instant) -> RouteStep { fatalError("skeleton") }

    /// Reports how the attempt that `nextStep` ordered ended.
    public mutating func finish(_ outcome: AttemptOutcome, of session: inout RouteSession, now: Instant) {
        fatalError("skeleton")
    }

    /// A snapshot for `/routes` and `/metrics`.
    public func status(now: Instant) -> [DeploymentStatus] { fatalError("skeleton") }
}

/// What the router wants done next for one request.
public enum RouteStep: Sendable {
    /// Call the provider. Reserved quota and a slot are held until `finish`.
    case call(Attempt)
    /// Back off before a retry, then ask again.
    case sleep(Duration)
    /// Every candidate is over a limit, out of slots or cooling down: ask again at `until`, or as soon as an
    /// attempt in one of `groups` has finished. Only under `on_capacity_exhausted: wait`.
    case hold(until: Instant?, groups: [String])
    /// The request is answered: the last attempt's response is the reply.
    case complete
    /// The request has failed for good.
    case fail(RouteFailure)
}

/// One provider call that the router has decided on.
public struct Attempt: Sendable {
    /// The group the attempt belongs to, as requested or as fallen back to.
    public var group: String
    public var deployment: DeploymentID
    /// Position in the list the router was made with.
    public var deploymentIndex: Int
    /// The model string to call: the deployment's, with a wildcard filled in.
    public var model: String
    public var timeout: Duration
    /// Entry of the request's own `fallbacks` whose parameters apply to this hop.
    public var parameterEntry: Int?
    /// Counting from zero within the group, and groups fallen back to so far.
    public var retry: Int
    public var fallback: Int

    public init(
        group: String, deployment: DeploymentID, deploymentIndex: Int, model: String, timeout: Duration,
        parameterEntry: Int? = nil, retry: Int = 0, fallback: Int = 0
    ) {
        self.group = group
        self.deployment = deployment
        self.deploymentIndex = deploymentIndex
        self.model = model
        self.timeout = timeout
        self.parameterEntry = parameterEntry
        self.retry = retry
        self.fallback = fallback
    }
}

/// Why a request failed for good.
public enum RouteFailure: Error, Sendable {
    /// An attempt's failure is the answer: number `attempt` of this request's attempts, counting from zero.
    case attempt(Int, AttemptFailure)
    /// The router's own refusal (routing reference, section 14), with LiteLLM's class and status.
    case refused(Refusal)

    public struct Refusal: Error, Sendable {
        public var reason: Reason
        public var failureClass: FailureClass
        public var status: Int
        public var message: String
        public var retryAfter: Duration?

        public init(reason: Reason, failureClass: FailureClass, status: Int, message: String, retryAfter: Duration? = nil) {
            self.reason = reason
            self.failureClass = failureClass
            self.status = status
            self.message = message
            self.retryAfter = retryAfter
        }
    }

    public enum Reason: String, Sendable {
        case unknownModel
        case noDeployments
        case rateLimit
        case parallelSlots
        case contextWindow
        case tags
        case budget
        case mock
    }
}

/// One request's way through the router: groups tried, retries left, what it holds.
public struct RouteSession: Sendable {
    /// Retries made within the answering group, and groups fallen back to.
    public var attemptedRetries: Int { 0 }
    public var attemptedFallbacks: Int { 0 }
    /// Cool-down that the latest finished attempt started; nil when none.
    public var latestCooldown: Duration? { nil }
    /// The strategy that made the latest pick.
    public var strategy: RoutingStrategyName { .simpleShuffle }
    /// Why the latest pick was made, in words for people: "lowest latency 0.041 s of 2 candidates".
    public var latestReason: String { "" }
}

/// One deployment as `/routes` shows it.
public struct DeploymentStatus: Sendable {
    public var deployment: Deployment
    public var requestsThisMinute: Int
    public var tokensThisMinute: Int
    public var inFlight: Int
    /// Seconds per completion token (latency-based routing); nil while cold.
    public var latencyEstimate: Double?
    public var cooldownRemaining: Duration?

    public init(
        deployment: Deployment, requestsThisMinute: Int, tokensThisMinute: Int, inFlight: Int,
        latencyEstimate: Double?, cooldownRemaining: Duration?
    ) {
        self.deployment = deployment
        self.requestsThisMinute = requestsThisMinute
        self.tokensThisMinute = tokensThisMinute
        self.inFlight = inFlight
        self.latencyEstimate = latencyEstimate
        self.cooldownRemaining = cooldownRemaining
    }
}
