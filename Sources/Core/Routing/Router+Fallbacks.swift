import Time

/// Where a request goes when a group has given up (section 6).
extension Router {
    /// Leaves the current hop for the next one; without one the request ends, or is held for capacity.
    mutating func giveUpHop(of session: inout RouteSession, _ failure: GroupFailure, now: Instant) {
        if session.firstFailure == nil { session.firstFailure = failure }
        if let hop = takeNextHop(after: failure.failureClass, of: &session, now: now) {
            session.hop = hop
            session.fallbacks += 1
            session.phase = .choosing
        } else if !session.revisits.isEmpty {
            session.hop = session.revisits.removeFirst()
            session.phase = .choosing
        } else {
            session.phase = end(of: session, failure)
        }
    }

    private func end(of session: RouteSession, _ failure: GroupFailure) -> RouteSession.Phase {
        let answer = session.firstFailure ?? failure
        guard table.settings.onCapacityExhausted == .wait, answer.isRefusal, !session.exhausted.isEmpty
        else { return .failed(answer.routeFailure) }
        return .holding
    }

    /// Hands out the hold and readies the session to go back to the hops that had no room.
    mutating func hold(_ session: inout RouteSession) -> RouteStep {
        adoptCurrentTable(&session)
        var places: [HoldPlace] = []
        for hop in session.exhausted {
            for place in holdPlaces(of: hop, for: session.request) where !places.contains(place) {
                places.append(place)
            }
        }
        let until = session.exhaustedUntil
        session.resume()
        return .hold(until: until, places: places)
    }

    func hasNextHop(after failure: GroupFailure, of session: RouteSession, now: Instant) -> Bool {
        var copy = session
        return takeNextHop(after: failure.failureClass, of: &copy, now: now) != nil || !session.revisits.isEmpty
    }

    private func takeNextHop(
        after failureClass: FailureClass, of session: inout RouteSession, now: Instant
    ) -> RouteSession.Hop? {
        if session.request.disableFallbacks { return nil }
        if let hop = nextHopWithinGroup(after: failureClass, of: session, now: now) { return hop }
        let group = session.hop.group.map { table.groups[$0].name } ?? session.hop.name
        session.plan.enqueueFirst(
            FallbackPlan.targets(
                for: failureClass, of: session.hop.name, group: group, origin: session.origin,
                request: session.request, table: table.fallbacks))
        let limit = session.request.maxFallbacks ?? table.settings.maxFallbacks
        guard let target = session.plan.next(limit: limit, identity: { identity(of: $0) }) else { return nil }
        var hop = makeHop(name: target.name, parameterEntry: target.parameterEntry)
        hop.parameters = target.parameters
        hop.overrides = target.overrides
        session.plan.markTried(target.name)
        if let identity = identity(of: target.name) { session.plan.markTried(identity) }
        return hop
    }

    /// The next `order` of the group, then what weighted failover has left.
    private func nextHopWithinGroup(
        after failureClass: FailureClass, of session: RouteSession, now: Instant
    ) -> RouteSession.Hop? {
        guard let index = session.hop.group else { return nil }
        switch failureClass {
        case .contextWindowExceeded, .contentPolicyViolation: return nil
        default: break
        }
        let group = table.groups[index]
        var hop = session.hop
        if let level = hop.level, let next = group.levels.first(where: { $0 > level }) {
            hop.startOver()
            hop.order = next
            return hop
        }
        let strategy = group.strategy(for: session.request)
        guard table.settings.enableWeightedFailover, strategy == .simpleShuffle,
            hop.attempted.count > hop.offeredAfter,
            group.members.contains(where: { !hop.attempted.contains($0) && isHealthy($0, in: group, now: now) })
        else { return nil }
        hop.startOver()
        hop.offeredAfter = hop.attempted.count
        hop.order = nil
        hop.isFailover = true
        return hop
    }

    /// What makes two names the same group: its configured name, unless a wildcard tells them apart.
    func identity(of name: String) -> String? {
        guard let resolution = table.resolve(name) else { return nil }
        return resolution.captures.isEmpty ? table.groups[resolution.group].name : name
    }
}
