public import Time

/// What instances tell each other through the state topic: usage, cool-downs, latencies.
///
/// Decisions never wait for it. An instance that hears nothing decides by what it knows itself.
extension Router {
    /// Reports of the deployments about which something has changed since they were last asked for.
    public mutating func takeReports(now: Instant) -> [DeploymentReport] {
        guard hasUnreported else { return [] }
        hasUnreported = false
        var reports: [DeploymentReport] = []
        for position in states.indices where states[position].isUnreported {
            let report = report(of: position, now: now)
            states[position].isUnreported = false
            states[position].isReported = !report.isEmpty
            reports.append(report)
        }
        return reports
    }

    /// Asks for all that is known to be reported again: others may have missed it, or have begun since.
    public mutating func repeatReports() {
        for position in states.indices where states[position].isReported { markUnreported(position) }
    }

    /// Takes over what another instance says, or learns that our own report has come through. Returns the group whose
    /// held requests may have room now.
    public mutating func adopt(_ message: StateMessage, as own: RouterInstance, now: Instant) -> String? {
        let isOwn = message.instance == own
        guard case .report(let report) = message.content else {
            if !isOwn { peers.hear(message.instance, now: now) }
            return nil
        }
        guard let position = table.positions[report.deployment] else {
            if !isOwn { peers.hear(message.instance, now: now) }
            return nil
        }
        let group = table.deployments[position].group
        if isOwn {
            peers.noteSeen(report, at: position, now: now)
            return group
        }
        let isFreed = peers.adopt(report, at: position, from: message.instance, now: now)
        if let end = report.cooldownEnd { adoptCooldown(of: position, until: end, now: now) }
        return isFreed ? group : nil
    }

    /// The instance called `name` has stopped.
    public mutating func forget(instance name: String, now: Instant) { peers.forget(name, now: now) }

    public mutating func expirePeers(now: Instant) { peers.expire(now: now) }

    /// Whether the state topic works: without it nobody is waited for.
    public mutating func setSharing(_ isConnected: Bool, now: Instant) { peers.setConnected(isConnected, now: now) }

    /// Other instances that live.
    public func peerCount(now: Instant) -> Int { peers.liveCount(now: now) }

    mutating func markUnreported(_ position: Int) {
        states[position].isUnreported = true
        hasUnreported = true
    }

    /// A clock that is wrong elsewhere must not bench a deployment for longer than any cool-down here could.
    private mutating func adoptCooldown(of position: Int, until end: Instant, now: Instant) {
        let settings = table.settings
        let longest = max(
            .seconds(600), settings.cooldownTime ?? .zero, table.deployments[position].cooldownTime ?? .zero)
        let remaining = min(end.since(now), longest)
        guard remaining > .zero, !settings.disableCooldowns else { return }
        cooldowns.coolDown(position, for: remaining, now: now)
    }

    private func report(of position: Int, now: Instant) -> DeploymentReport {
        let state = states[position]
        let minute = UsageWindow.minute(of: now)
        var report = DeploymentReport(deployment: table.deployments[position].id, minute: minute)
        report.requests = state.usage.requests(in: minute)
        report.tokens = state.usage.tokens(in: minute)
        report.inputTokens = state.usage.inputTokens(in: minute)
        report.outputTokens = state.usage.outputTokens(in: minute)
        report.reservedTokens = max(state.usage.reserved, 0)
        if cooldowns.isCoolingDown(position, now: now) { report.cooldownEnd = cooldowns.deadline(of: position) }
        var latency = state.latency
        latency.expire(now: now, ttl: table.latencyTTL)
        report.perToken = latency.perToken.estimate(percentile: nil)
        report.firstToken = latency.firstToken.estimate(percentile: table.settings.strategyArguments.ttftPercentile)
        return report
    }
}
