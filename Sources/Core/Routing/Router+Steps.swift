import Time

/// One request's steps: placing it, and what follows from each end.
extension Router {
    /// Finds a deployment in the current hop, or in the next one that has any.
    mutating func place(_ session: inout RouteSession, now: Instant) -> RouteStep {
        adoptCurrentTable(&session)
        while case .choosing = session.phase {
            if let mock = session.pendingMocks.takeFirst() {
                raise(mock, in: &session, now: now)
                continue
            }
            switch select(for: session, now: now) {
            case .picked(let deployment, let reason, let candidates):
                session.reason = reason
                session.candidates = candidates
                return call(deployment, for: &session, now: now)
            case .blocked(let obstacle) where obstacle.isUnsettled:
                return .hold(
                    until: obstacle.until, places: holdPlaces(of: session.hop, for: session.request))
            case .blocked(let obstacle):
                if let pause = pauseForOwnLimit(&session, obstacle, now: now) { return pause }
                refuse(&session, obstacle, now: now)
            }
        }
        return nextStep(of: &session, now: now)
    }

    private mutating func call(_ deployment: Int, for session: inout RouteSession, now: Instant) -> RouteStep {
        let target = table.deployments[deployment]
        session.held = reserve(deployment, for: session.request, now: now)
        session.phase = .calling
        session.attempts += 1
        if let index = session.hop.group {
            session.strategyUsed = table.groups[index].strategy(for: session.request)
            session.hop.level = table.groups[index].order(of: deployment)
        }
        if table.settings.enableWeightedFailover { session.hop.attempted.append(deployment) }
        var attempt =
            Attempt(
                group: session.hop.name, modelGroup: target.group, deployment: target.id, deploymentIndex: deployment,
                model: session.hop.captures.isEmpty
                    ? target.model : WildcardPattern.fill(target.model, with: session.hop.captures),
                modelID: target.modelID(with: session.hop.captures),
                timeout: session.asked { table.timeouts.timeout(of: $0, on: target) },
                parameterEntry: session.hop.parameterEntry, retry: session.hop.retries, fallback: session.fallbacks)
        attempt.fallbackParameters = session.hop.parameters
        return .call(attempt)
    }

    /// The current hop has no deployment for the request.
    private mutating func refuse(_ session: inout RouteSession, _ obstacle: Obstacle, now: Instant) {
        if let deployment = obstacle.refusedDeployment { benchRefused(deployment, until: obstacle.until, now: now) }
        session.hop.level = obstacle.level
        if obstacle.isTemporary { session.noteExhausted(until: obstacle.until) }
        giveUpHop(of: &session, .refused(obstacle, model: session.hop.name, at: now), now: now)
    }

    /// A deployment that `enforce_model_rate_limits` refused is benched like one that answered 429 and asked to be left
    /// alone until its limit lets it go on.
    private mutating func benchRefused(_ deployment: Int, until: Instant?, now: Instant) {
        _ = bench(
            deployment, after: AttemptFailure(.rateLimit, status: 429, retryAfter: until?.since(now)), now: now)
        markUnreported(deployment)
    }

    /// LiteLLM's usage-based-routing-v2 retries its own 429 in a group of one, sleeping a blind 60 s. Refusing, we
    /// do the same but sleep to the end of the minute; every other refusal of ours is final for its group.
    private func pauseForOwnLimit(
        _ session: inout RouteSession, _ obstacle: Obstacle, now: Instant
    ) -> RouteStep? {
        guard table.settings.onCapacityExhausted == .reject, obstacle.reason == .rateLimit, obstacle.isTemporary,
            let until = obstacle.until, let index = session.hop.group, table.groups[index].members.count == 1,
            table.groups[index].strategy(for: session.request) == .usageBasedV2
        else { return nil }
        let allowed = session.hop.allowedRetries ?? session.asked(\.numRetries) ?? table.settings.numRetries
        guard session.hop.retries < allowed else { return nil }
        session.hop.allowedRetries = allowed
        session.hop.retries += 1
        return .sleep(until.since(now))
    }

    private mutating func raise(_ mock: RouteSession.Mocks, in session: inout RouteSession, now: Instant) {
        let failure = GroupFailure.mock(mock)
        if mock == .rateLimit {
            retryOrGiveUp(
                after: AttemptFailure(.rateLimit, status: 429), as: failure, of: &session, deployment: nil, now: now)
        } else {
            giveUpHop(of: &session, failure, now: now)
        }
    }

    /// An attempt has failed: retry within the group, go on to the next one, or end.
    mutating func decide(
        after failure: AttemptFailure, of session: inout RouteSession, deployment: Int?, now: Instant
    ) {
        session.failures += 1
        let groupFailure = GroupFailure.attempt(session.attempts - 1, failure)
        if let most = table.settings.numRetriesPerRequest, session.failures >= most {
            session.phase = .failed(groupFailure.routeFailure)
            return
        }
        if let deployment, failure.isFinalForDeployment { session.hop.refusedBy.append(deployment) }
        retryOrGiveUp(after: failure, as: groupFailure, of: &session, deployment: deployment, now: now)
    }

    private mutating func retryOrGiveUp(
        after failure: AttemptFailure, as groupFailure: GroupFailure, of session: inout RouteSession,
        deployment: Int?, now: Instant
    ) {
        guard let index = session.hop.group, !session.hop.isFailover else {
            return giveUpHop(of: &session, groupFailure, now: now)
        }
        let situation = situation(of: session, group: index, deployment: deployment, failure: groupFailure, now: now)
        let policy = table.retryPolicy
        if let allowed = session.hop.allowedRetries {
            guard session.hop.retries < allowed,
                session.asked({ policy.mayContinue(after: failure, of: $0, in: situation) })
            else { return giveUpHop(of: &session, groupFailure, now: now) }
        } else {
            guard let allowed = session.asked({ policy.retries(after: failure, of: $0, in: situation) }), allowed > 0
            else { return giveUpHop(of: &session, groupFailure, now: now) }
            session.hop.allowedRetries = allowed
        }
        let pause = policy.pause(before: session.hop.retries, after: failure, in: situation)
        session.hop.retries += 1
        session.phase = pause > .zero ? .pausing(pause + chooser.jitter(below: RetryPolicy.jitterBound)) : .choosing
    }

    private func situation(
        of session: RouteSession, group index: Int, deployment: Int?, failure: GroupFailure, now: Instant
    ) -> RetryPolicy.Situation {
        let group = table.groups[index]
        let healthy = group.members.count { isHealthy($0, in: group, now: now) }
        return RetryPolicy.Situation(
            group: group.name, groupSize: group.members.count, healthy: healthy,
            deploymentRetries: deployment.flatMap { table.deployments[$0].numRetries },
            sharesQuota: group.sharesQuota,
            waitsForRecovery: healthy == 0 && table.settings.onCapacityExhausted == .wait
                && !hasNextHop(after: failure, of: session, now: now))
    }

    func isHealthy(_ deployment: Int, in group: ModelGroup, now: Instant) -> Bool {
        !table.profiles[deployment].isBlocked
            && (group.isSpecificDeployment || !cooldowns.isCoolingDown(deployment, now: now))
    }

    /// A filtered answer is an error only where the configuration says what to do about it.
    mutating func finishAnswer(_ session: inout RouteSession, contentFiltered: Bool, now: Instant) {
        let failure = AttemptFailure(.contentPolicyViolation, status: 400)
        guard contentFiltered, !session.request.disableFallbacks, let index = session.hop.group,
            let lists = FallbackPlan.specialLists(
                for: failure.failureClass, request: session.request, table: table.fallbacks),
            lists.own(of: session.hop.name, group: table.groups[index].name) != nil
        else {
            session.phase = .answered
            return
        }
        giveUpHop(of: &session, .attempt(session.attempts - 1, failure), now: now)
    }
}

extension AttemptFailure {
    /// The deployment said no to this very request, so asking it again makes little sense.
    fileprivate var isFinalForDeployment: Bool {
        switch status {
        case 408, 409, 429, 500...: isRetryable == false
        default: isRetryable != true
        }
    }
}

extension RouteSession.Mocks {
    /// The next mock error to raise; each is raised once.
    fileprivate mutating func takeFirst() -> Self? {
        if isEmpty { return nil }
        for mock in [Self.failure, .contextWindow, .contentPolicy, .rateLimit] where contains(mock) {
            remove(mock)
            return mock
        }
        return nil
    }
}
