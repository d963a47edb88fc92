import ChatCompletions
import Time

/// One request's way through the router: groups tried, retries left, what it holds.
public struct RouteSession: Sendable {
    let request: RoutingRequest
    var phase: Phase
    var hop: Hop
    var plan = FallbackPlan()
    /// The requested group, whose lists also serve the groups fallen back to.
    var origin: (name: String, group: String)?
    /// Which configuration `hop`'s positions belong to.
    var epoch: Int
    /// The error of the first group that gave up: the answer if everything fails.
    var firstFailure: GroupFailure?
    /// Hops that had no capacity, and when the first of them may have some again.
    private(set) var exhausted: [Hop] = []
    private(set) var exhaustedUntil: Instant?
    /// After a hold: further hops to go back to.
    var revisits: [Hop] = []
    var failures = 0
    var attempts = 0
    var fallbacks = 0
    var pendingMocks: Mocks
    /// What the attempt under way holds.
    var held: Holding?
    var strategyUsed: RoutingStrategyName
    var reason = SelectionReason.none
    var candidates = 0
    public internal(set) var latestCooldown: Duration?

    /// Where the request stands; each case says how it is left.
    enum Phase: Sendable {
        /// A deployment has to be chosen: left for `calling`, or for another hop, or for the end.
        case choosing
        /// An attempt is under way: left by `finish`.
        case calling
        /// A pause was decided: left when it has been handed out.
        case pausing(Duration)
        /// Nothing but room is missing: left when the hold has been handed out.
        case holding
        case answered
        case failed(RouteFailure)
    }

    /// One group's turn, with its own retries.
    struct Hop: Sendable {
        /// As requested or listed; may be an alias.
        var name: String
        /// Position in the table; nil: nobody knows the name.
        var group: Int?
        var captures: [String] = []
        var parameterEntry: Int?
        /// The configured fallback's own parameters, as a JSON object.
        var parameters: [UInt8]?
        /// What the fallback's entry has in place of the request's own.
        var overrides: FallbackOverrides?
        /// The `order` this hop is for; nil: the lowest that is available.
        var order: Int?
        /// Weighted failover: each deployment once, no retries.
        var isFailover = false
        /// Allowed retries, known after the first failure.
        var allowedRetries: Int?
        var retries = 0
        /// The order that the latest choice was among; nil: none, or nothing got as far as that.
        var level: Int?
        /// Deployments that refused this request for good: avoided while there are others.
        var refusedBy: [Int] = []
        /// Deployments tried in this group, for weighted failover.
        var attempted: [Int] = []
        /// How many those were when failover last offered the rest: a round that could call none of them was the last.
        var offeredAfter = 0

        /// Another round in the same group, with its own retries.
        mutating func startOver() {
            allowedRetries = nil
            retries = 0
            level = nil
        }
    }

    struct Mocks: OptionSet, Sendable {
        let rawValue: Int
        static let failure = Mocks(rawValue: 1)
        static let contextWindow = Mocks(rawValue: 2)
        static let contentPolicy = Mocks(rawValue: 4)
        static let rateLimit = Mocks(rawValue: 8)
    }

    struct Holding: Sendable {
        var deployment: Int
        var id: DeploymentID
        var reservation: Int
        var start: Instant
    }

    init(request: RoutingRequest, hop: Hop, epoch: Int, strategy: RoutingStrategyName) {
        self.request = request
        self.hop = hop
        self.epoch = epoch
        strategyUsed = strategy
        phase = .choosing
        pendingMocks = Mocks(of: request)
    }

    /// What `read` makes of the request as the current hop has it. Not a copy of it where nothing is replaced.
    func asked<Result>(_ read: (RoutingRequest) -> Result) -> Result {
        guard let overrides = hop.overrides else { return read(request) }
        return read(request.with(overrides))
    }

    /// The current hop has no room before `until`, as far as the clock decides that.
    mutating func noteExhausted(until: Instant?) {
        exhausted.append(hop)
        if let until { exhaustedUntil = min(exhaustedUntil ?? .distantFuture, until) }
    }

    /// Goes back to the hops that had no room, as if they had not been asked.
    mutating func resume() {
        revisits = exhausted
        hop = revisits.removeFirst()
        exhausted = []
        exhaustedUntil = nil
        firstFailure = nil
        phase = .choosing
    }

    /// Looks every name up again, in the table of another configuration.
    mutating func adopt(epoch: Int, makeHop: (Hop) -> Hop) {
        self.epoch = epoch
        hop = makeHop(hop)
        exhausted = exhausted.map(makeHop)
        revisits = revisits.map(makeHop)
    }

    /// Retries made within the answering group, and groups fallen back to.
    public var attemptedRetries: Int { hop.retries }
    public var attemptedFallbacks: Int { fallbacks }
    /// The strategy that made the latest pick.
    public var strategy: RoutingStrategyName { strategyUsed }
    /// Why the latest pick was made, in words for people: "lowest latency 0.041 s of 2 candidates".
    public var latestReason: String { reason.words(candidates: candidates) }
}

extension RouteSession.Mocks {
    init(of request: RoutingRequest) {
        self = []
        if request.mockFallbacks { insert(.failure) }
        if request.mockContextFallbacks { insert(.contextWindow) }
        if request.mockContentPolicyFallbacks { insert(.contentPolicy) }
        if request.mockRateLimitError { insert(.rateLimit) }
    }
}
