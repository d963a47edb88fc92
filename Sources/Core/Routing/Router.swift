public import Time

/// Which deployment a request goes to, when, and why not: the whole of routing as one value.
///
/// It does no I/O and owns no clock: the caller asks `nextStep`, does what it says, and reports with `finish`.
/// Everything about one request lives in its `RouteSession`, everything shared in here. What it remembers grows with
/// the deployments, never with the requests.
///
/// **Capacity.** A request whose group has no deployment with room first falls back, like after any error. When that
/// leads nowhere and its answer would be this router's own refusal, `on_capacity_exhausted: wait` holds it instead:
/// it keeps nothing reserved, and goes back to the groups that had no room, in the order it had come to them.
/// Not held is a request whose first group an upstream has refused, nor one that no deployment's limit would admit.
public struct Router: Sendable {
    var table: RoutingTable
    var states: [DeploymentState]
    var cooldowns: Cooldowns
    var budgets: Budgets
    var roundRobin: RoundRobin
    /// What other instances have told of themselves.
    var peers: PeerStates
    /// Whether some deployment has something to report to them.
    var hasUnreported = false
    var chooser: any Chooser
    /// Counts reconfigurations: a session of an earlier one looks its names up again.
    var epoch = 0
    /// Scratch space for one decision, kept so that decisions allocate nothing.
    var field = Field()

    public init(settings: RouterSettings, deployments: [Deployment], chooser: any Chooser) {
        budgets = Budgets(settings.providerBudgets)
        table = RoutingTable(settings: settings, deployments: deployments, budgets: budgets)
        states = [DeploymentState](repeating: DeploymentState(), count: deployments.count)
        cooldowns = Cooldowns(count: deployments.count)
        roundRobin = RoundRobin(count: deployments.count)
        peers = PeerStates(count: deployments.count)
        self.chooser = chooser
    }

    /// Whether decisions may look at requests' `messageTokens` and `inputTokens`. Where they do not, only a request's own
    /// `routingStrategy` may, and these need not be counted.
    public var weighsTokens: Bool { table.weighsTokens }

    /// Begins a request. Consumes nothing: a request that is not sent uses no quota.
    public mutating func begin(_ request: RoutingRequest, now: Instant) -> RouteSession {
        let hop = makeHop(name: request.model)
        let group = hop.group.map { table.groups[$0] }
        var session = RouteSession(
            request: request, hop: hop, epoch: epoch,
            strategy: request.routingStrategy ?? group?.strategy ?? table.settings.strategy)
        session.origin = (request.model, group?.name ?? request.model)
        session.plan.markTried(request.model)
        if let group, hop.captures.isEmpty { session.plan.markTried(group.name) }
        return session
    }

    /// What to do next for this request. After `.call` the caller must `finish` before asking again.
    public mutating func nextStep(of session: inout RouteSession, now: Instant) -> RouteStep {
        switch session.phase {
        case .choosing: return place(&session, now: now)
        case .calling: preconditionFailure("the attempt under way must be finished before the next step")
        case .pausing(let duration):
            session.phase = .choosing
            return .sleep(duration)
        case .holding: return hold(&session)
        case .answered: return .complete
        case .failed(let failure): return .fail(failure)
        }
    }

    /// Reports how the attempt that `nextStep` ordered ended.
    ///
    /// A stream that breaks after content has been sent can be neither retried nor fallen back from: its failure is
    /// reported here, and the caller then ends the request without asking for a next step.
    public mutating func finish(_ outcome: AttemptOutcome, of session: inout RouteSession, now: Instant) {
        guard let held = session.held else { preconditionFailure("there is no attempt to finish") }
        session.held = nil
        session.latestCooldown = nil
        adoptCurrentTable(&session)
        let deployment = position(of: held)
        switch outcome {
        case .success(let usage, let timeToFirstToken, let contentFiltered):
            if let deployment {
                recordSuccess(
                    of: deployment, captures: session.hop.captures, held, usage: usage,
                    timeToFirstToken: timeToFirstToken, now: now)
            }
            finishAnswer(&session, contentFiltered: contentFiltered, now: now)
        case .failure(var failure):
            // Where the request names the model, one that is not there says nothing about the deployment.
            if failure.coolsDown == true, !session.hop.captures.isEmpty { failure.coolsDown = nil }
            if let deployment {
                session.latestCooldown = recordFailure(of: deployment, held, failure, now: now)
            }
            decide(after: failure, of: &session, deployment: deployment, now: now)
        case .abandoned:
            if let deployment { release(deployment, held) }
            session.phase = .failed((session.firstFailure ?? .abandoned).routeFailure)
        }
    }

    func makeHop(name: String, parameterEntry: Int? = nil) -> RouteSession.Hop {
        let resolution = table.resolve(name)
        return RouteSession.Hop(
            name: name, group: resolution?.group, captures: resolution?.captures ?? [], parameterEntry: parameterEntry)
    }
}
