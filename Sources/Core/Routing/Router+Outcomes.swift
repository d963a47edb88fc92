public import ChatCompletions
import Time

/// What attempts hold while they run, and what their ends teach.
extension Router {
    /// Takes a slot and quota for a call to `deployment`.
    mutating func reserve(_ deployment: Int, for request: RoutingRequest, now: Instant) -> RouteSession.Holding {
        let reservation = table.profiles[deployment].reservation(for: request)
        states[deployment].inFlight += 1
        states[deployment].usage.dispatch(reserving: reservation, in: UsageWindow.minute(of: now))
        states[deployment].recentRequests.record(now: now)
        markUnreported(deployment)
        return RouteSession.Holding(
            deployment: deployment, id: table.deployments[deployment].id, reservation: reservation, start: now)
    }

    /// Gives back what an attempt held that used nothing: the call was sent, so only its request stays counted.
    mutating func release(_ deployment: Int, _ held: RouteSession.Holding) {
        states[deployment].inFlight -= 1
        states[deployment].usage.refund(reservation: held.reservation)
        markUnreported(deployment)
    }

    /// An answer without usage is taken to have used what was reserved for it. `captures`: what a wildcard stood for.
    mutating func recordSuccess(
        of deployment: Int, captures: [String], _ held: RouteSession.Holding, usage: Usage?,
        timeToFirstToken: Duration?, now: Instant
    ) {
        let usage = usage ?? Usage(promptTokens: held.reservation, completionTokens: 0)
        states[deployment].inFlight -= 1
        states[deployment].usage.settle(
            reservation: held.reservation, input: usage.promptTokens, output: usage.completionTokens,
            total: usage.totalTokens, in: UsageWindow.minute(of: now))
        states[deployment].outcomes.recordSuccess(now: now)
        states[deployment].latency.recordSuccess(
            duration: now.since(held.start), completionTokens: usage.completionTokens,
            timeToFirstToken: timeToFirstToken, limit: table.profiles[deployment].latencySamples, now: now)
        markUnreported(deployment)
        guard let account = table.profiles[deployment].budget else { return }
        let target = table.deployments[deployment]
        if let prices = target.prices(of: target.modelID(with: captures)) {
            budgets.spend(prices.cost(of: usage), on: account, now: now)
        }
    }

    /// Returns the cool-down that the failure started.
    mutating func recordFailure(
        of deployment: Int, _ held: RouteSession.Holding, _ failure: AttemptFailure, now: Instant
    ) -> Duration? {
        release(deployment, held)
        let length = bench(deployment, after: failure, now: now)
        states[deployment].latency.recordFailure(
            isTimeout: failure.failureClass == .timeout, startsCooldown: length != nil, now: now)
        return length
    }

    /// Counts the failure, and cools the deployment down where it is due; returns for how long.
    mutating func bench(_ deployment: Int, after failure: AttemptFailure, now: Instant) -> Duration? {
        states[deployment].outcomes.recordFailure(
            isFault: table.cooldownRule.isFault(failure, of: table.deployments[deployment]), now: now)
        let length = table.cooldownRule.cooldown(
            after: failure, of: table.deployments[deployment], groupSize: table.profiles[deployment].groupSize,
            outcomes: states[deployment].outcomes)
        if let length { cooldowns.coolDown(deployment, for: length, now: now) }
        return length
    }

    /// Where the held deployment is now; nil: a later configuration no longer has it.
    func position(of held: RouteSession.Holding) -> Int? {
        if held.deployment < table.deployments.count, table.deployments[held.deployment].id == held.id {
            return held.deployment
        }
        return table.positions[held.id]
    }
}

extension Deployment.Prices {
    /// What `usage` costs in US dollars. Cache reads and writes are part of the prompt and priced apart where known.
    public func cost(of usage: Usage) -> Double {
        let plain = usage.promptTokens - usage.cacheReadTokens - usage.cacheWriteTokens
        return Double(plain) * input + Double(usage.cacheReadTokens) * (cacheRead ?? input)
            + Double(usage.cacheWriteTokens) * (cacheWrite ?? input) + Double(usage.completionTokens) * output
    }
}
