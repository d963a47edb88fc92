import ChatCompletions
public import EventLoop
public import Logging
public import ProviderAPI
import Routing
import Time

/// Carries one request through the router's decisions: calls, back-offs, waits, until it is answered or has failed.
@RequestPath
public final class AttemptRunner {
    private let router: SharedRouter
    private let provider: any ChatProvider
    private let logger: Logger
    private var outages = DeploymentOutages()
    private let loop = EventLoop.shared

    public init(router: SharedRouter, provider: any ChatProvider, logger: Logger) {
        self.router = router
        self.provider = provider
        self.logger = logger
    }

    /// The answer to `request`, or why there is none. `trail` tells the way there in either case. With a `stream` the
    /// answer's pieces go there as they come, and what is returned lacks them; once one is published no other deployment
    /// is tried.
    func complete(
        _ request: ChatRequest, deadline: Instant, trail: AttemptTrail, stream: ReplyStream? = nil
    ) async throws(RequestFailure) -> ChatResponse {
        let run = try begin(request, deadline: deadline, stream)
        defer { run.record(in: trail) }
        if run.queues(behind: router) { await hold(run, trail) }
        while true {
            switch nextTurn(of: run) {
            case .call:
                await call(request, run, trail)
                if let failure = run.breakOff { throw failure }
            case .sleep(let duration): await sleep(for: duration, until: deadline)
            case .hold: await hold(run, trail)
            case .answered: if let response = run.response { return response }
            case .failed: throw run.failure ?? .deadlineExceeded
            }
        }
    }

    /// `RouteStep`, with what belongs to it left in the run.
    private enum Turn {
        case call
        case sleep(Duration)
        case hold
        case answered
        case failed
    }

    // Not part of `complete`, whose frame lives as long as the request and would hold their temporaries as well.

    @inline(never)
    private func begin(
        _ request: ChatRequest, deadline: Instant, _ stream: ReplyStream?
    ) throws(RequestFailure) -> Run {
        var routed = try RoutingRequest(request)
        if router.weighsTokens(of: routed) { routed.countTokens(of: request) }
        return Run(session: router.begin(routed, now: loop.now), deadline: deadline, stream: stream)
    }

    @inline(never)
    private func nextTurn(of run: Run) -> Turn {
        let now = loop.now
        guard now < run.deadline else {
            run.passOn(router)
            run.failure = .deadlineExceeded
            return .failed
        }
        let step = router.nextStep(of: &run.session, now: now)
        if case .hold(let until, let places) = step {
            (run.heldIn, run.heldUntil) = (places, until)
        } else {
            run.passOn(router)
        }
        switch step {
        case .call(let attempt):
            run.attempt = attempt
            // The attempt's positions are those of this moment's configuration; when the call ends there may be another.
            run.deployments = router.deployments
            return .call
        case .sleep(let duration): return .sleep(duration)
        case .hold: return .hold
        case .complete: return .answered
        case .fail(let failure):
            run.failure = run.failure(for: failure)
            return .failed
        }
    }

    @inline(never)
    private func hold(_ run: Run, _ trail: AttemptTrail) async {
        let start = loop.now
        run.ticket = await router.hold(run.heldIn, until: run.heldUntil, deadline: run.deadline, ticket: run.ticket)
        trail.wait += loop.now.since(start)
    }

    @inline(never)
    private func sleep(for duration: Duration, until deadline: Instant) async {
        try? await loop.sleep(until: min(loop.now.advanced(by: duration), deadline))
    }

    @inline(never)
    private func call(_ request: ChatRequest, _ run: Run, _ trail: AttemptTrail) async {
        let start = loop.now
        do throws(ProviderError) {
            if let stream = run.stream {
                run.response = try await answer(request, piecesTo: stream, run)
            } else if let response = mockResponse(to: request, run) {
                run.response = response
            } else {
                run.response = try await provider.complete(request, run.boundedAttempt(now: loop.now))
            }
            finish(run, started: start, trail)
        } catch {
            finish(run, error, started: start, trail)
        }
    }

    @inline(never)
    private func finish(_ run: Run, started start: Instant, _ trail: AttemptTrail) {
        guard let response = run.response else { preconditionFailure("there is a response") }
        let attempt = run.attemptUnderWay
        trail.usage = response.usage
        noteAnswer(of: attempt, run)
        let outcome = AttemptOutcome.success(
            usage: response.usage, timeToFirstToken: run.timeToFirstToken,
            // Published pieces are not taken back for another deployment's.
            contentFiltered: response.finishReason == .contentFilter && run.stream?.hasBegun != true)
        finish(attempt, outcome, AttemptTrail.Entry(attempt, among: run.deployments, started: start), run, trail)
    }

    @inline(never)
    private func finish(_ run: Run, _ error: ProviderError, started start: Instant, _ trail: AttemptTrail) {
        let attempt = run.attemptUnderWay
        let ranOut = loop.now >= run.deadline
        let outcome: AttemptOutcome = error.isCancelled || ranOut ? .abandoned : .failure(error.attempt)
        run.failures.append((attemptNumber: trail.entries.count, reply: error.reply))
        if run.stream?.hasBegun == true { run.breakOff = ranOut ? .deadlineExceeded : error.reply }
        let entry = AttemptTrail.Entry(attempt, among: run.deployments, started: start)
        entry.status = error.attempt.status
        entry.isUnsent = error.isUnsent
        entry.errorType = error.code ?? error.attempt.failureClass.rawValue
        if case .failure = outcome {
            noteFailure(of: attempt, run, status: entry.status, reason: error.reply.message)
        }
        finish(attempt, outcome, entry, run, trail)
    }

    /// Tells the router and the trail how an attempt has ended.
    private func finish(
        _ attempt: Attempt, _ outcome: AttemptOutcome, _ entry: AttemptTrail.Entry, _ run: Run, _ trail: AttemptTrail
    ) {
        let end = loop.now
        router.finish(outcome, of: &run.session, group: attempt.modelGroup, now: end)
        entry.latency = end.since(entry.started)
        entry.timeToFirstToken = run.timeToFirstToken
        entry.cooldown = run.session.latestCooldown
        trail.entries.append(entry)
    }

    private func noteFailure(of attempt: Attempt, _ run: Run, status: Int, reason: String) {
        guard DeploymentOutages.isOutage(status: status), outages.noteFailure(of: attempt.deployment, now: loop.now)
        else { return }
        let deployment = run.deployments[attempt.deploymentIndex]
        logger.warning(
            "deployment fails",
            [
                "model_group": .string(attempt.group), "model": .string(attempt.modelID),
                "deployment_id": .string(deployment.id.rawValue), "status": .integer(status),
                "reason": .string(reason),
            ])
    }

    private func noteAnswer(of attempt: Attempt, _ run: Run) {
        guard let failures = outages.noteAnswer(of: attempt.deployment) else { return }
        let deployment = run.deployments[attempt.deploymentIndex]
        logger.info(
            "deployment answers again",
            [
                "model_group": .string(attempt.group), "model": .string(attempt.modelID),
                "deployment_id": .string(deployment.id.rawValue), "failures": .integer(failures),
            ])
    }

    @inline(never)
    private func mockResponse(to request: ChatRequest, _ run: Run) -> ChatResponse? {
        let attempt = run.attemptUnderWay
        let configured = run.deployments[attempt.deploymentIndex].mockResponse
        guard let text = request.mockResponse ?? configured else { return nil }
        return .mock(text, model: attempt.modelID, now: loop.now)
    }

    /// An answer whose pieces have been given to `stream`.
    @inline(never)
    private func answer(
        _ request: ChatRequest, piecesTo stream: ReplyStream, _ run: Run
    ) async throws(ProviderError) -> ChatResponse {
        let start = loop.now
        run.timeToFirstToken = nil
        let answer = try await open(request, run)
        while let deltas = try await answer.next() {
            publish(deltas, of: answer, since: start, to: stream, run)
            do throws(StreamDelivery.Break) {
                if answer.isPausable {
                    try await stream.untilRoom(deadline: run.deadline)
                } else {
                    try stream.checkPace()
                }
            } catch {
                throw ProviderError(undeliverable: error.reason)
            }
        }
        return conclude(answer)
    }

    @inline(never)
    private func open(_ request: ChatRequest, _ run: Run) async throws(ProviderError) -> any ChatStream {
        if let response = mockResponse(to: request, run) { return WholeAnswer(response) }
        return try await provider.stream(request, run.attemptUnderWay, limit: run.deadline.since(loop.now))
    }

    @inline(never)
    private func publish(
        _ deltas: [ChatDelta], of answer: any ChatStream, since start: Instant, to stream: ReplyStream, _ run: Run
    ) {
        if run.timeToFirstToken == nil { run.timeToFirstToken = loop.now.since(start) }
        if !stream.hasBegun { stream.begin(answer.head, run.beginAnswer(by: run.attemptUnderWay, at: start)) }
        for delta in deltas { stream.append(delta) }
    }

    @inline(never)
    private func conclude(_ answer: any ChatStream) -> ChatResponse {
        guard let conclusion = answer.conclusion else { preconditionFailure("a complete answer has a conclusion") }
        return ChatResponse(answer.head, conclusion)
    }

    /// What is kept of one request between its steps.
    @RequestPath
    private final class Run {
        var session: RouteSession
        let deadline: Instant
        /// Where the answer's pieces go; nil: it is wanted in one.
        let stream: ReplyStream?
        /// Of the configuration that the latest call was made under.
        var deployments: [Deployment] = []
        /// The latest.
        var attempt: Attempt?
        var response: ChatResponse?
        /// Why there is no answer, once that is decided.
        var failure: RequestFailure?
        /// Of the latest attempt.
        var timeToFirstToken: Duration?
        /// Why an answer ends of which pieces are published: no other attempt follows.
        var breakOff: RequestFailure?
        /// The way to that answer. What the router has planned to do after its failure is not part of it.
        private var begun: AttemptTrail?
        var failures: [(attemptNumber: Int, reply: RequestFailure)] = []
        var ticket: HoldTicket?
        var heldIn: [HoldPlace] = []
        /// Nil: until room is made.
        var heldUntil: Instant?

        init(session: RouteSession, deadline: Instant, stream: ReplyStream?) {
            self.session = session
            self.deadline = deadline
            self.stream = stream
        }

        /// A held request that goes on, or gives up, lets the next one try.
        func passOn(_ router: SharedRouter) {
            for place in heldIn { router.wakeNext(in: place) }
            heldIn = []
            ticket = nil
        }

        var attemptUnderWay: Attempt {
            guard let attempt else { preconditionFailure("an attempt is under way") }
            return attempt
        }

        /// Its timeout ends with the request's time.
        @inline(never)
        func boundedAttempt(now: Instant) -> Attempt {
            let limit = deadline.since(now)
            if let timeout = attempt?.timeout, limit < timeout { attempt?.timeout = limit }
            return attemptUnderWay
        }

        /// Whether requests are held wherever this one would be: then it is to be held behind them.
        @inline(never)
        func queues(behind router: SharedRouter) -> Bool {
            guard let places = router.placesBehindOthers(session) else { return false }
            heldIn = places
            return true
        }

        @inline(never)
        func failure(for failure: RouteFailure) -> RequestFailure {
            switch failure {
            case .attempt(let number, let attempt):
                failures.first { $0.attemptNumber == number }?.reply ?? RequestFailure(attempt)
            case .refused(let refusal): RequestFailure(refusal)
            }
        }

        /// The way to an answer of which pieces are there.
        func beginAnswer(by attempt: Attempt, at start: Instant) -> AttemptTrail {
            let trail = AttemptTrail()
            trail.entries = [AttemptTrail.Entry(attempt, among: deployments, started: start)]
            record(in: trail)
            begun = trail
            return trail
        }

        @inline(never)
        func record(in trail: AttemptTrail) {
            trail.retries = begun?.retries ?? session.attemptedRetries
            trail.fallbacks = begun?.fallbacks ?? session.attemptedFallbacks
            trail.strategy = session.strategy
        }
    }
}

extension ProviderError {
    /// The answer cannot be delivered: that says nothing about the deployment.
    fileprivate init(undeliverable reason: DeliveryError) {
        self.init(
            attempt: AttemptFailure(.api, status: 502), reply: .undeliverable(reason), code: "ReplyRefused",
            isCancelled: true)
    }
}
