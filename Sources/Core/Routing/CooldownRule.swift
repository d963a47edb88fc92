import Time

/// When a failure benches its deployment (routing reference, section 4).
struct CooldownRule: Sendable {
    private let isDisabled: Bool
    private let allowedFails: Int?
    private let policy: FailurePolicy?
    private let length: Duration

    /// Beyond this an upstream's `retry-after` is not believed.
    private static let longest = Duration.seconds(600)

    init(settings: RouterSettings) {
        isDisabled = settings.disableCooldowns
        allowedFails = settings.allowedFails
        policy = settings.allowedFailsPolicy
        length = settings.cooldownTime ?? .seconds(5)
    }

    /// For how long `failure` benches `deployment`; nil: not at all. `outcomes` already holds the failure.
    func cooldown(
        after failure: AttemptFailure, of deployment: Deployment, groupSize: Int, outcomes: OutcomeWindow
    ) -> Duration? {
        let length = length(after: failure, of: deployment)
        guard !isDisabled, length > .zero, isFault(failure, of: deployment) else { return nil }
        return isDue(failure, deployment, groupSize, outcomes) ? length : nil
    }

    private func length(after failure: AttemptFailure, of deployment: Deployment) -> Duration {
        if let own = deployment.cooldownTime, own >= .zero { return own }
        return failure.retryAfter.map { min($0, Self.longest) } ?? length
    }

    /// Client errors say nothing about a deployment, unless its own policy names them or the provider says so.
    func isFault(_ failure: AttemptFailure, of deployment: Deployment) -> Bool {
        if let coolsDown = failure.coolsDown { return coolsDown }
        if deployment.allowedFailsPolicy?[failure.failureClass] != nil { return true }
        switch failure.status {
        case 401, 402, 404, 408, 429: return true
        case 400..<500: return false
        default: return true
        }
    }

    private func isDue(
        _ failure: AttemptFailure, _ deployment: Deployment, _ groupSize: Int, _ outcomes: OutcomeWindow
    ) -> Bool {
        if let allowed = deployment.allowedFailsPolicy?[failure.failureClass] { return outcomes.faults > allowed }
        if let allowed = deployment.allowedFails { return groupSize > 1 && outcomes.faults > allowed }
        // A deployment with rules of its own never comes to the default rule.
        if deployment.allowedFailsPolicy != nil || policy != nil || allowedFails != nil {
            return outcomes.faults > policy?[failure.failureClass] ?? allowedFails ?? 3
        }
        return isDueByDefault(failure, groupSize, outcomes)
    }

    private func isDueByDefault(_ failure: AttemptFailure, _ groupSize: Int, _ outcomes: OutcomeWindow) -> Bool {
        if failure.coolsDown == true { return true }
        switch failure.status {
        case 429 where groupSize > 1, 402 where groupSize > 1: return true
        case 401, 404: return true
        default: break
        }
        let attempts = outcomes.failures + outcomes.successes
        if outcomes.successes == 0 && attempts >= 1000 { return true }
        return groupSize > 1 && attempts >= 5 && outcomes.failures * 2 > attempts
    }
}

extension FailurePolicy {
    /// The number for `failureClass`: its own, else that of the class LiteLLM derives it from.
    subscript(failureClass: FailureClass) -> Int? {
        if let own = counts[failureClass] { return own }
        switch failureClass {
        case .contextWindowExceeded, .contentPolicyViolation: return counts[.badRequest]
        default: return nil
        }
    }
}
