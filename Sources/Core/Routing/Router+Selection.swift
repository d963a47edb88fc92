import Time

/// Choosing one deployment of a group: filters, then the strategy, then a draw (section 2).
extension Router {
    enum Selection {
        case picked(Int, SelectionReason, candidates: Int)
        case blocked(Obstacle)
    }

    /// Chooses without consuming anything but a round-robin turn and randomness.
    mutating func select(for session: RouteSession, now: Instant) -> Selection {
        guard let index = session.hop.group else { return .blocked(Obstacle(reason: .unknownModel)) }
        let group = table.groups[index]
        let strategy = group.strategy(for: session.request)
        var field = Field()
        swap(&field, &self.field)  // taken out, so that it can be changed while the rest is read
        defer { swap(&field, &self.field) }
        if let obstacle = fill(&field, group: group, strategy: strategy, session: session, now: now) {
            return .blocked(obstacle)
        }
        let candidates = field.candidates.count
        let reason = narrow(&field, group: group, strategy: strategy, request: session.request, now: now)
        let pick = draw(from: field)
        if let obstacle = hardLimitObstacle(pick, of: group, session.request, now: now) { return .blocked(obstacle) }
        return .picked(pick, group.isSpecificDeployment ? .named : reason, candidates: candidates)
    }

    /// Collects the candidates; nil: there are some.
    func fill(
        _ field: inout Field, group: ModelGroup, strategy: RoutingStrategyName, session: RouteSession, now: Instant
    ) -> Obstacle? {
        let minute = UsageWindow.minute(of: now)
        guard var obstacle = filter(&field, group, strategy, session, minute: minute, now: now) else { return nil }
        // Tags that lead to what is not available are refused, as in LiteLLM, and so is, unless we wait, what is too long
        // for the rest.
        guard obstacle.reason != .tags,
            obstacle.failureClass == .rateLimit || table.settings.onCapacityExhausted == .wait
        else { return obstacle }
        if let instant = earliestReturn(to: group, strategy, session, minute: minute, now: now) {
            obstacle.mayPass(at: instant)
        }
        return obstacle
    }

    /// All filters of section 2, each in its place.
    private func filter(
        _ field: inout Field, _ group: ModelGroup, _ strategy: RoutingStrategyName, _ session: RouteSession,
        minute: Int64, now: Instant
    ) -> Obstacle? {
        field.reset()
        if let obstacle = keepAvailable(&field, group, strategy, session.request, minute: minute, now: now) {
            return obstacle
        }
        if table.settings.enableTagFiltering {
            let tags = Tags(of: session.request, matchAny: table.settings.tagFilteringMatchAny)
            if !tags.narrow(&field.candidates, of: group, in: table.deployments) { return Obstacle(reason: .tags) }
        }
        if session.hop.isFailover { field.candidates.removeAll { session.hop.attempted.contains($0) } }
        let level = keepOrder(&field, group, session.hop)
        keepWilling(&field, session.hop)
        var obstacle =
            field.candidates.isEmpty
            ? Obstacle(reason: .noDeployments)
            : keepRoomy(&field, strategy, session.request, minute: minute, now: now)
        obstacle?.level = level
        return obstacle
    }

    /// Drops what is cooling down, blocked, over budget or failing a pre-call check.
    private func keepAvailable(
        _ field: inout Field, _ group: ModelGroup, _ strategy: RoutingStrategyName, _ request: RoutingRequest,
        minute: Int64, now: Instant
    ) -> Obstacle? {
        var obstacles = Obstacles()
        let checks = preCallChecks(under: strategy, minute: minute, now: now)
        for member in group.members {
            if cooldowns.isCoolingDown(member, now: now) && !group.isSpecificDeployment { continue }
            if table.profiles[member].isBlocked { continue }
            if let account = table.profiles[member].budget, budgets.isExhausted(account, now: now) {
                obstacles.overBudget += 1
                if let end = budgets.end(of: account) {
                    obstacles.budgetEnd = min(obstacles.budgetEnd ?? .distantFuture, end)
                }
                continue
            }
            if let checks {
                if let region = request.allowedModelRegion,
                    !PreCallChecks.isInRegion(region, table.deployments[member])
                {
                    obstacles.unsuitable += 1
                    continue
                }
                switch checks.verdict(
                    on: table.profiles[member], states[member], peers: peers.totals[member], request)
                {
                case .passes: break
                case .overLimit:
                    obstacles.overLimit += 1
                    continue
                case .tooLong:
                    obstacles.tooLong += 1
                    continue
                case .unsuitable:
                    obstacles.unsuitable += 1
                    continue
                }
            }
            field.candidates.append(member)
        }
        return field.candidates.isEmpty ? obstacles.summary : nil
    }

    private func preCallChecks(under strategy: RoutingStrategyName, minute: Int64, now: Instant) -> PreCallChecks? {
        guard table.settings.enablePreCallChecks else { return nil }
        return PreCallChecks(leavesLimitsToStrategy: strategy == .usageBasedV2, minute: minute, now: now)
    }

    /// When the first deployment that only a cool-down or a pre-call limit keeps from the current hop is back; nil: there
    /// is none.
    private func earliestReturn(
        to group: ModelGroup, _ strategy: RoutingStrategyName, _ session: RouteSession, minute: Int64, now: Instant
    ) -> Instant? {
        let hop = session.hop
        let checks = preCallChecks(under: strategy, minute: minute, now: now)
        var earliest: Instant?
        for member in reach(of: group, for: session.request) {
            if hop.isFailover && hop.attempted.contains(member) { continue }
            if let order = hop.order, group.order(of: member) != order { continue }
            if let account = table.profiles[member].budget, budgets.isExhausted(account, now: now) { continue }
            var back = group.isSpecificDeployment ? now : max(cooldowns.deadline(of: member), now)
            switch checks?.verdict(
                on: table.profiles[member], states[member], peers: peers.totals[member], session.request)
            {
            case nil, .passes: break
            case .overLimit(let end): back = max(back, end)
            case .tooLong, .unsuitable: continue
            }
            if back > now { earliest = min(earliest ?? back, back) }
        }
        return earliest
    }

    /// The members of `group` that may serve `request` at some time, whatever they are doing now.
    func reach(of group: ModelGroup, for request: RoutingRequest) -> [Int] {
        var members = group.members.filter { !table.profiles[$0].isBlocked }
        if table.settings.enablePreCallChecks, let region = request.allowedModelRegion {
            members.removeAll { !PreCallChecks.isInRegion(region, table.deployments[$0]) }
        }
        if table.settings.enableTagFiltering {
            let tags = Tags(of: request, matchAny: table.settings.tagFilteringMatchAny)
            if !tags.narrow(&members, of: group, in: table.deployments) { return [] }
        }
        return members
    }

    /// Only the lowest `order` that is left, or the one the hop is for.
    private func keepOrder(_ field: inout Field, _ group: ModelGroup, _ hop: RouteSession.Hop) -> Int? {
        guard !group.levels.isEmpty else { return nil }
        let wanted = hop.order ?? field.candidates.lazy.compactMap { group.order(of: $0) }.min()
        guard let wanted else { return nil }
        field.candidates.removeAll { group.order(of: $0) != wanted }
        return wanted
    }

    /// Drops what refused this request for good, unless that leaves none.
    private func keepWilling(_ field: inout Field, _ hop: RouteSession.Hop) {
        guard !hop.refusedBy.isEmpty, field.candidates.contains(where: { !hop.refusedBy.contains($0) }) else { return }
        field.candidates.removeAll { hop.refusedBy.contains($0) }
    }

    private func keepRoomy(
        _ field: inout Field, _ strategy: RoutingStrategyName, _ request: RoutingRequest, minute: Int64, now: Instant
    ) -> Obstacle? {
        let check = CapacityCheck(rules: capacityRules(of: strategy), minute: minute)
        var (full, over, unsettled) = (0, 0, 0)
        var kept = 0
        for index in field.candidates.indices {
            let candidate = field.candidates[index]
            switch check.verdict(
                on: table.profiles[candidate], states[candidate], peers: peers.totals[candidate], request)
            {
            case .hasRoom:
                field.candidates[kept] = candidate
                kept += 1
            case .noSlot: full += 1
            case .overLimit: over += 1
            case .unsettled: unsettled += 1
            case .neverFits: break
            }
        }
        field.candidates.removeLast(field.candidates.count - kept)
        guard kept == 0 else { return nil }
        if unsettled > 0 { return .unsettled(now: now) }
        if full > 0 && over == 0 { return Obstacle(reason: .parallelSlots, isTemporary: true) }
        guard full + over > 0 else { return Obstacle(reason: .rateLimit) }
        return Obstacle(reason: .rateLimit, isTemporary: true, until: UsageWindow.end(ofMinute: minute))
    }

    private func capacityRules(of strategy: RoutingStrategyName) -> CapacityCheck.Rules {
        let settings = table.settings
        return CapacityCheck.Rules(
            minuteLimits: strategy.enforcesLimits,
            tokenLimits: settings.enablePreCallChecks,
            // Refusing, LiteLLM checks these after the pick; to wait for room they have to be seen before it.
            hardLimits: settings.enforceModelRateLimits && settings.onCapacityExhausted == .wait)
    }

    /// `enforce_model_rate_limits` as LiteLLM applies it when refusing: after the pick, whatever siblings have room.
    private func hardLimitObstacle(
        _ pick: Int, of group: ModelGroup, _ request: RoutingRequest, now: Instant
    ) -> Obstacle? {
        guard table.settings.enforceModelRateLimits && table.settings.onCapacityExhausted == .reject else { return nil }
        let minute = UsageWindow.minute(of: now)
        let check = CapacityCheck(rules: capacityRules(of: .simpleShuffle), minute: minute)
        guard check.exceedsHardLimit(table.profiles[pick], states[pick], peers: peers.totals[pick]) else {
            let isSettled = check.isSettled(on: table.profiles[pick], states[pick], peers: peers.totals[pick], request)
            return isSettled ? nil : .unsettled(now: now)
        }
        return Obstacle(
            reason: .rateLimit, isTemporary: true, until: UsageWindow.end(ofMinute: minute),
            level: group.order(of: pick), refusedDeployment: pick)
    }

    /// Lets the strategy narrow the field to the deployments it would draw from.
    mutating func narrow(
        _ field: inout Field, group: ModelGroup, strategy: RoutingStrategyName, request: RoutingRequest, now: Instant
    ) -> SelectionReason {
        switch strategy {
        case .simpleShuffle, .providerBudget: return SimpleShuffle.narrow(&field, profiles: table.profiles)
        case .leastBusy: return LeastBusy.narrow(&field, states: states)
        case .usageBased:
            return UsageBased.narrow(
                &field, states: states, peers: peers.totals, minute: UsageWindow.minute(of: now))
        case .usageBasedV2:
            return UsageBasedV2.narrow(
                &field, states: states, peers: peers.totals, minute: UsageWindow.minute(of: now))
        case .latencyBased:
            expireLatencies(of: field, ttl: group.latencyTTL, now: now)
            return LatencyBased(arguments: group.arguments, isStream: request.isStream, now: now)
                .narrow(&field, states: states, peers: peers.totals)
        case .costBased: return CostBased.narrow(&field, profiles: table.profiles)
        case .roundRobin: return roundRobin.narrow(&field, profiles: table.profiles)
        }
    }

    private mutating func expireLatencies(of field: Field, ttl: Int64, now: Instant) {
        for candidate in field.candidates
        where states[candidate].latency.perToken.isStale(now: now, ttl: ttl)
            || states[candidate].latency.firstToken.isStale(now: now, ttl: ttl)
        {
            states[candidate].latency.expire(now: now, ttl: ttl)
        }
    }

    private mutating func draw(from field: Field) -> Int {
        chooser.willPick(among: field.candidates)
        if field.candidates.count == 1 { return field.candidates[0] }
        let index =
            field.weights.isEmpty ? chooser.pick(count: field.candidates.count) : chooser.pick(weights: field.weights)
        return field.candidates[index]
    }
}

/// What stood in the way of a group's members, counted, to name the refusal as LiteLLM does.
private struct Obstacles {
    var overBudget = 0
    var overLimit = 0
    var tooLong = 0
    var unsuitable = 0
    var budgetEnd: Instant?
    /// Later filters name the refusal: the earlier ones left something for them to drop.
    var summary: Obstacle {
        if overLimit > 0 { return Obstacle(reason: .rateLimit) }
        if tooLong > 0 { return Obstacle(reason: .contextWindow) }
        if unsuitable > 0 { return Obstacle(reason: .noDeployments) }
        if overBudget > 0 { return Obstacle(reason: .budget, until: budgetEnd) }
        return Obstacle(reason: .noDeployments)
    }
}

extension RoutingStrategyName {
    /// Whether the strategy filters by the rpm and tpm of the current minute.
    var enforcesLimits: Bool {
        switch self {
        case .usageBased, .usageBasedV2, .latencyBased, .costBased: true
        case .simpleShuffle, .leastBusy, .providerBudget, .roundRobin: false
        }
    }
}
