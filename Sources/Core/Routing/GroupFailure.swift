import Time

/// Why one group gave up, in numbers; it becomes a `RouteFailure` with words only if it turns out to be the answer.
enum GroupFailure: Sendable {
    case attempt(Int, AttemptFailure)
    case refused(Obstacle, model: String, at: Instant)
    case mock(RouteSession.Mocks)
    case abandoned

    /// The class that fallback rules look at.
    var failureClass: FailureClass {
        switch self {
        case .attempt(_, let failure): failure.failureClass
        case .refused(let obstacle, _, _): obstacle.failureClass
        case .mock(let mock): mock.failureClass
        case .abandoned: .timeout
        }
    }

    /// Whether the router itself refused: only then can waiting help.
    var isRefusal: Bool {
        switch self {
        case .attempt, .abandoned: false
        case .refused, .mock: true
        }
    }

    var routeFailure: RouteFailure {
        switch self {
        case .attempt(let number, let failure): .attempt(number, failure)
        case .refused(let obstacle, let model, let now): .refused(obstacle.refusal(model: model, now: now))
        case .mock(let mock):
            .refused(
                RouteFailure.Refusal(
                    reason: .mock, failureClass: mock.failureClass, status: mock.status,
                    message: "This is a mock exception, raised because the request asked for it."))
        case .abandoned:
            .refused(
                RouteFailure.Refusal(
                    reason: .noDeployments, failureClass: .timeout, status: 408, message: "The request was given up."))
        }
    }
}

extension RouteSession.Mocks {
    fileprivate var failureClass: FailureClass {
        switch self {
        case .contextWindow: .contextWindowExceeded
        case .contentPolicy: .contentPolicyViolation
        case .rateLimit: .rateLimit
        default: .internalServer
        }
    }

    fileprivate var status: Int {
        switch self {
        case .contextWindow, .contentPolicy: 400
        case .rateLimit: 429
        default: 500
        }
    }
}
