public import ChatCompletions
public import EventLoop
public import Logging
public import ProviderAPI
import Routing
public import Time

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

    /// The answer to `request`, or why there is none. `trail` tells the way there in either case.
    public func complete(
        _ request: ChatRequest, deadline: Instant, trail: inout AttemptTrail
    ) async throws(RequestFailure) -> ChatResponse {
        let routed = try RoutingRequest(request)
        var run = Run(session: router.begin(routed, now: loop.now), deadline: deadline)
        defer { run.record(in: &trail) }
        let group = run.session.requestedGroup
        if router.isHolding(group) { await hold([group], until: nil, &run, &trail) }
        while true {
            let now = loop.now
            guard now < deadline else {
                run.passOn(router)
                throw .deadlineExceeded
            }
            let step = router.nextStep(of: &run.session, now: now)
            if case .hold(let until, let groups) = step {
                await hold(groups, until: until, &run, &trail)
                continue
            }
            run.passOn(router)
            switch step {
            case .call(let attempt): await call(attempt, request, &run, &trail)
            case .sleep(let duration): await sleep(for: duration, until: deadline)
            case .complete: if let response = run.response { return response }
            case .fail(let failure): throw run.failure(for: failure)
            case .hold: break
            }
        }
    }

    private func hold(_ groups: [String], until: Instant?, _ run: inout Run, _ trail: inout AttemptTrail) async {
        let start = loop.now
        run.heldIn = groups
        await router.hold(groups, until: until, deadline: run.deadline, ticket: &run.ticket)
        trail.wait += loop.now.since(start)
    }

    private func sleep(for duration: Duration, until deadline: Instant) async {
        try? await loop.sleep(until: min(loop.now.advanced(by: duration), deadline))
    }

    private func call(_ attempt: Attempt, _ request: ChatRequest, _ run: inout Run, _ trail: inout AttemptTrail) async {
        let start = loop.now
        // The attempt's positions are those of this moment's configuration; when the call ends there may be another.
        let deployments = router.deployments
        let remaining = run.deadline.since(start)
        var bounded = attempt
        bounded.timeout = min(attempt.timeout, remaining)
        let outcome: AttemptOutcome
        var status = 200
        var errorType: String?
        var isUnsent = false
        do throws(ProviderError) {
            let response = try await answer(bounded, among: deployments, request)
            run.response = response
            trail.usage = response.usage
            outcome = .success(
                usage: response.usage, timeToFirstToken: nil, contentFiltered: response.finishReason == .contentFilter)
            noteAnswer(of: attempt, among: deployments)
        } catch {
            let ranOut = loop.now >= run.deadline
            outcome = error.isCancelled || ranOut ? .abandoned : .failure(error.attempt)
            run.failures.append((attemptNumber: trail.entries.count, reply: error.reply))
            status = error.attempt.status
            isUnsent = error.isUnsent
            errorType = error.code ?? error.attempt.failureClass.rawValue
            if case .failure = outcome {
                noteFailure(of: attempt, among: deployments, status: status, reason: error.reply.message)
            }
        }
        let end = loop.now
        router.finish(outcome, of: &run.session, group: attempt.modelGroup, now: end)
        trail.entries.append(
            AttemptTrail.Entry(
                group: attempt.group, deployments: deployments, deploymentIndex: attempt.deploymentIndex,
                model: attempt.model, status: status, errorType: errorType, started: start, latency: end.since(start),
                timeToFirstToken: nil, cooldown: run.session.latestCooldown, isUnsent: isUnsent))
    }

    private func noteFailure(of attempt: Attempt, among deployments: [Deployment], status: Int, reason: String) {
        guard DeploymentOutages.isOutage(status: status), outages.noteFailure(of: attempt.deployment, now: loop.now)
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

    private func noteAnswer(of attempt: Attempt, among deployments: [Deployment]) {
        guard let failures = outages.noteAnswer(of: attempt.deployment) else { return }
        let deployment = deployments[attempt.deploymentIndex]
        logger.info(
            "deployment answers again",
            [
                "model_group": .string(attempt.group), "model": .string(deployment.modelID),
                "deployment_id": .string(deployment.id.rawValue), "failures": .integer(failures),
            ])
    }

    private func answer(
        _ attempt: Attempt, among deployments: [Deployment], _ request: ChatRequest
    ) async throws(ProviderError) -> ChatResponse {
        if let text = deployments[attempt.deploymentIndex].mockResponse {
            return .mock(text, model: deployments[attempt.deploymentIndex].modelID, now: loop.now)
        }
        return try await provider.complete(request, attempt)
    }

    /// What is kept of one request between its steps.
    @RequestPath
    private struct Run {
        var session: RouteSession
        let deadline: Instant
        var response: ChatResponse?
        var failures: [(attemptNumber: Int, reply: RequestFailure)] = []
        var ticket: HoldTicket?
        var heldIn: [String] = []

        /// A held request that goes on, or gives up, lets the next one try.
        mutating func passOn(_ router: SharedRouter) {
            for group in heldIn { router.wakeNext(in: group) }
            heldIn = []
            ticket = nil
        }

        func failure(for failure: RouteFailure) -> RequestFailure {
            switch failure {
            case .attempt(let number, let attempt):
                failures.first { $0.attemptNumber == number }?.reply ?? RequestFailure(attempt)
            case .refused(let refusal): RequestFailure(refusal)
            }
        }

        func record(in trail: inout AttemptTrail) {
            trail.retries = session.attemptedRetries
            trail.fallbacks = session.attemptedFallbacks
            trail.strategy = session.strategy
        }
    }
}
