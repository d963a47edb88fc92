import Time

/// Why no deployment of a group can take a request right now.
struct Obstacle: Sendable {
    var reason: RouteFailure.Reason
    /// It passes by itself, so under `on_capacity_exhausted: wait` the request may be held for it.
    var isTemporary = false
    /// When the first deployment may be free again, as far as the clock decides that.
    var until: Instant?
    /// The `order` that had no room; nil: nothing was left to order.
    var level: Int?
    /// Room is left, but other instances may be taking it: the request waits until they have been heard of.
    var isUnsettled = false
    /// The one deployment that `enforce_model_rate_limits` refused after it had been picked.
    var refusedDeployment: Int?

    /// At the latest after this long it is worth asking again; a report that comes back earlier says so.
    private static let exchangePause = Duration.milliseconds(200)

    static func unsettled(now: Instant) -> Obstacle {
        var obstacle = Obstacle(reason: .rateLimit, isTemporary: true, until: now.advanced(by: exchangePause))
        obstacle.isUnsettled = true
        return obstacle
    }

    /// A deployment that could take the request as well is back then.
    mutating func mayPass(at instant: Instant) {
        isTemporary = true
        until = min(until ?? instant, instant)
    }

    var failureClass: FailureClass {
        switch reason {
        case .unknownModel: .badRequest
        case .contextWindow: .contextWindowExceeded
        case .tags: .authentication
        case .noDeployments, .rateLimit, .parallelSlots, .budget: .rateLimit
        case .mock: .internalServer
        }
    }

    /// The refusal as the requester sees it.
    func refusal(model: String, now: Instant) -> RouteFailure.Refusal {
        let remaining = until.map { wholeSeconds(until: $0, now: now) }
        let (status, message) =
            switch reason {
            case .unknownModel: (400, "There are no healthy deployments for this model: \(model)")
            case .noDeployments: (429, "No deployments available for selected model \(model)." + tryAgain(remaining))
            case .rateLimit: (429, "All deployments of \(model) are over their rate limit." + tryAgain(remaining))
            case .parallelSlots: (429, "All parallel slots of \(model) are in use.")
            case .contextWindow: (400, "The input is too long for every deployment of \(model).")
            case .tags: (401, "Not allowed to access model \(model) due to tags configuration.")
            case .budget: (429, "No deployments available for \(model): the provider's budget is used up.")
            case .mock: (500, "A mock error was asked for.")
            }
        return RouteFailure.Refusal(
            reason: reason, failureClass: failureClass, status: status, message: message,
            retryAfter: remaining.map { .seconds($0) })
    }

    private func tryAgain(_ seconds: Int64?) -> String { seconds.map { " Try again in \($0) seconds." } ?? "" }

    private func wholeSeconds(until: Instant, now: Instant) -> Int64 {
        let nanoseconds = max(until.nanoseconds - now.nanoseconds, 0)
        return nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 > 0 ? 1 : 0)
    }
}
