import ChatCompletions

/// The groups one request may still fall back to.
///
/// LiteLLM recurses: each fallback group has its own fallbacks. Every group is tried once, so the recursion is the
/// same as one queue in which a failed group's list goes to the front.
struct FallbackPlan: Sendable {
    /// A group to go to, and where the parameters are that the request gets there: in an entry of its own list, or here,
    /// from the configuration.
    struct Target: Sendable {
        var name: String
        var parameterEntry: Int?
        var parameters: [UInt8]?
        var overrides: FallbackOverrides?
    }

    /// Names that are done with, the requested one included.
    private(set) var tried: [String] = []
    /// The next one last: a request's own list may be long, and every step takes one off.
    private var queue: [Target] = []
    private(set) var groupsTried = 0

    mutating func markTried(_ name: String) {
        if !tried.contains(name) { tried.append(name) }
    }

    mutating func enqueueFirst(_ targets: [Target]) { queue.append(contentsOf: targets.reversed()) }

    /// The next group to go to; at most `limit` are handed out.
    mutating func next(limit: Int, identity: (String) -> String?) -> Target? {
        while groupsTried < limit, let target = queue.popLast() {
            guard !tried.contains(target.name), let identity = identity(target.name), !tried.contains(identity)
            else { continue }
            groupsTried += 1
            return target
        }
        return nil
    }

    /// Where `failureClass` of group `name` leads, by the request's own lists or else the configured ones. The rules
    /// are those of section 6: a special list that exists but has no entry for the group ends the search.
    static func targets(
        for failureClass: FailureClass, of name: String, group: String, origin: (name: String, group: String)?,
        request: RoutingRequest, table: FallbackTable
    ) -> [Target] {
        if let own = request.fallbacks {
            return own.map { Target(name: $0.group, parameterEntry: $0.parameterEntry, overrides: $0.overrides) }
        }
        if let special = specialLists(for: failureClass, request: request, table: table) {
            return special.own(of: name, group: group) ?? []
        }
        let lists = request.fallbackLists.map(FallbackTable.Lists.init) ?? table.general
        let list =
            lists.own(of: name, group: group) ?? origin.flatMap { lists.own(of: $0.name, group: $0.group) }
            ?? lists.catchAll
        return list ?? []
    }

    static func specialLists(
        for failureClass: FailureClass, request: RoutingRequest, table: FallbackTable
    ) -> FallbackTable.Lists? {
        switch failureClass {
        case .contextWindowExceeded:
            request.contextWindowFallbacks.map(FallbackTable.Lists.init) ?? table.contextWindow
        case .contentPolicyViolation:
            request.contentPolicyFallbacks.map(FallbackTable.Lists.init) ?? table.contentPolicy
        case .badRequest, .authentication, .permissionDenied, .paymentRequired, .notFound, .timeout, .unprocessable,
            .rateLimit, .internalServer, .badGateway, .serviceUnavailable, .apiConnection, .api:
            nil
        }
    }
}
