import ChatCompletions
public import EventLoop
public import Logging
public import ProviderAPI
public import Routing
import Time

/// Carries one request through the router's decisions: calls, back-offs, waits, until it is answered or has failed.
@RequestPath
public final class AttemptRunner {
    private let router: SharedRouter
    private let deployments: [Deployment]
    private let provider: any ChatProvider
    private let logger: Logger
    private var outages = DeploymentOutages()
    private let loop = EventLoop.shared

    public init(router: SharedRouter, deployments: [Deployment], provider: any ChatProvider, logger: Logger) {
        self.router = router
        self.deployments = deployments
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
        if let group = run.heldGroup(router) { await hold([group], until: nil, run, trail) }
        while true {
            let now = loop.now
            guard now < deadline else {
                run.passOn(router)
                throw .deadlineExceeded
            }
            let step = nextStep(of: run, now: now)
            if case .hold(let until, let groups) = step {
                await hold(groups, until: until, run, trail)
                continue
            }
            run.passOn(router)
            switch step {
            case .call(let attempt):
                await call(attempt, request, run, trail)
                if let failure = run.breakOff { throw failure }
            case .sleep(let duration): await sleep(for: duration, until: deadline)
            case .complete: if let response = run.response { return response }
            case .fail(let failure): throw run.failure(for: failure)
            case .hold: break
            }
        }
    }

    // Not part of `complete`, whose frame lives as long as the request and would hold their temporaries as well.

    @inline(never)
    private func begin(
        _ request: ChatRequest, deadline: Instant, _ stream: ReplyStream?
    ) throws(RequestFailure) -> Run {
        Run(session: router.begin(try RoutingRequest(request), now: loop.now), deadline: deadline, stream: stream)
    }

    @inline(never)
    private func nextStep(of run: Run, now: Instant) -> RouteStep { router.nextStep(of: &run.session, now: now) }

    @inline(never)
    private func hold(_ groups: [String], until: Instant?, _ run: Run, _ trail: AttemptTrail) async {
        let start = loop.now
        run.heldIn = groups
        run.ticket = await router.hold(groups, until: until, deadline: run.deadline, ticket: run.ticket)
        trail.wait += loop.now.since(start)
    }

    @inline(never)
    private func sleep(for duration: Duration, until deadline: Instant) async {
        try? await loop.sleep(until: min(loop.now.advanced(by: duration), deadline))
    }

    private func call(_ attempt: Attempt, _ request: ChatRequest, _ run: Run, _ trail: AttemptTrail) async {
        let start = loop.now
        do throws(ProviderError) {
            let response: ChatResponse
            if let stream = run.stream {
                response = try await answer(attempt, request, piecesTo: stream, run)
            } else {
                response = try await answer(attempt, request, within: run.deadline.since(start))
            }
            finish(attempt, response, started: start, run, trail)
        } catch {
            finish(attempt, error, started: start, run, trail)
        }
    }

    @inline(never)
    private func finish(
        _ attempt: Attempt, _ response: ChatResponse, started start: Instant, _ run: Run, _ trail: AttemptTrail
    ) {
        run.response = response
        trail.usage = response.usage
        noteAnswer(of: attempt)
        let outcome = AttemptOutcome.success(
            usage: response.usage, timeToFirstToken: run.timeToFirstToken,
            // Published pieces are not taken back for another deployment's.
            contentFiltered: response.finishReason == .contentFilter && run.stream?.hasBegun != true)
        finish(attempt, outcome, AttemptTrail.Entry(attempt, started: start), run, trail)
    }

    @inline(never)
    private func finish(
        _ attempt: Attempt, _ error: ProviderError, started start: Instant, _ run: Run, _ trail: AttemptTrail
    ) {
        let ranOut = loop.now >= run.deadline
        let outcome: AttemptOutcome = error.isCancelled || ranOut ? .abandoned : .failure(error.attempt)
        run.failures.append((attemptNumber: trail.entries.count, reply: error.reply))
        if run.stream?.hasBegun == true { run.breakOff = ranOut ? .deadlineExceeded : error.reply }
        var entry = AttemptTrail.Entry(attempt, started: start)
        entry.status = error.attempt.status
        entry.isUnsent = error.isUnsent
        entry.errorType = error.code ?? error.attempt.failureClass.rawValue
        if case .failure = outcome { noteFailure(of: attempt, status: entry.status, reason: error.reply.message) }
        finish(attempt, outcome, entry, run, trail)
    }

    /// Tells the router and the trail how an attempt has ended.
    private func finish(
        _ attempt: Attempt, _ outcome: AttemptOutcome, _ entry: AttemptTrail.Entry, _ run: Run, _ trail: AttemptTrail
    ) {
        var entry = entry
        let end = loop.now
        router.finish(outcome, of: &run.session, group: attempt.modelGroup, now: end)
        entry.latency = end.since(entry.started)
        entry.timeToFirstToken = run.timeToFirstToken
        entry.cooldown = run.session.latestCooldown
        trail.entries.append(entry)
    }

    private func noteFailure(of attempt: Attempt, status: Int, reason: String) {
        guard DeploymentOutages.isOutage(status: status),
            outages.noteFailure(of: attempt.deploymentIndex, now: loop.now)
        else { return }
        let deployment = deployments[attempt.deploymentIndex]
        logger.warning(
            "deployment fails",
            [
                "model_group": .string(attempt.group), "model": .string(deployment.modelID),
                "deployment_id": .string(deployment.id.rawValue), "status": .integer(status),
                "reason": .string(reason),
            ])
    }

    private func noteAnswer(of attempt: Attempt) {
        guard let failures = outages.noteAnswer(of: attempt.deploymentIndex) else { return }
        let deployment = deployments[attempt.deploymentIndex]
        logger.info(
            "deployment answers again",
            [
                "model_group": .string(attempt.group), "model": .string(deployment.modelID),
                "deployment_id": .string(deployment.id.rawValue), "failures": .integer(failures),
            ])
    }

    private func answer(
        _ attempt: Attempt, _ request: ChatRequest, within remaining: Duration
    ) async throws(ProviderError) -> ChatResponse {
        if let response = mockResponse(to: attempt) { return response }
        var bounded = attempt
        bounded.timeout = min(attempt.timeout, remaining)
        return try await provider.complete(request, bounded)
    }

    @inline(never)
    private func mockResponse(to attempt: Attempt) -> ChatResponse? {
        guard let text = deployments[attempt.deploymentIndex].mockResponse else { return nil }
        return .mock(text, model: deployments[attempt.deploymentIndex].modelID, now: loop.now)
    }

    /// An answer whose pieces have been given to `stream`.
    @inline(never)
    private func answer(
        _ attempt: Attempt, _ request: ChatRequest, piecesTo stream: ReplyStream, _ run: Run
    ) async throws(ProviderError) -> ChatResponse {
        let start = loop.now
        run.timeToFirstToken = nil
        let answer: any ChatStream
        if let response = mockResponse(to: attempt) {
            answer = MockStream(response)
        } else {
            answer = try await provider.stream(request, attempt, limit: run.deadline.since(start))
        }
        while let deltas = try await answer.next() {
            if run.timeToFirstToken == nil { run.timeToFirstToken = loop.now.since(start) }
            if !stream.hasBegun { stream.begin(answer.head, run.trail(answeredBy: attempt, at: start)) }
            for delta in deltas { stream.append(delta) }
            do throws(StreamDelivery.Break) {
                try await stream.untilRoom(deadline: run.deadline)
            } catch {
                throw ProviderError(undeliverable: error.reason)
            }
        }
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
        var response: ChatResponse?
        /// Of the latest attempt.
        var timeToFirstToken: Duration?
        /// Why an answer ends of which pieces are published: no other attempt follows.
        var breakOff: RequestFailure?
        var failures: [(attemptNumber: Int, reply: RequestFailure)] = []
        var ticket: HoldTicket?
        var heldIn: [String] = []

        init(session: RouteSession, deadline: Instant, stream: ReplyStream?) {
            self.session = session
            self.deadline = deadline
            self.stream = stream
        }

        /// A held request that goes on, or gives up, lets the next one try.
        func passOn(_ router: SharedRouter) {
            for group in heldIn { router.wakeNext(in: group) }
            heldIn = []
            ticket = nil
        }

        /// The requested group, if requests of it are held already.
        @inline(never)
        func heldGroup(_ router: SharedRouter) -> String? {
            let group = session.requestedGroup
            return router.isHolding(group) ? group : nil
        }

        @inline(never)
        func failure(for failure: RouteFailure) -> RequestFailure {
            switch failure {
            case .attempt(let number, let attempt):
                failures.first { $0.attemptNumber == number }?.reply ?? RequestFailure(attempt)
            case .refused(let refusal): RequestFailure(refusal)
            }
        }

        /// The way to an answer that has just begun.
        func trail(answeredBy attempt: Attempt, at start: Instant) -> AttemptTrail {
            let trail = AttemptTrail()
            trail.entries = [AttemptTrail.Entry(attempt, started: start)]
            record(in: trail)
            return trail
        }

        @inline(never)
        func record(in trail: AttemptTrail) {
            trail.retries = session.attemptedRetries
            trail.fallbacks = session.attemptedFallbacks
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
