/// Whether a failed attempt is retried within its group, how often, and after which pause (section 5).
struct RetryPolicy: Sendable {
    private let settings: RouterSettings

    init(settings: RouterSettings) { self.settings = settings }

    /// What the decision looks at besides the failure.
    struct Situation {
        /// The group's own name, for `model_group_retry_policy`.
        var group: String
        var groupSize: Int
        var healthy: Int
        /// The failing deployment's `num_retries`.
        var deploymentRetries: Int?
        /// A healthy sibling would only run into the same quota.
        var sharesQuota: Bool
        /// With `on_capacity_exhausted: wait` a group without a healthy deployment is waited for, not given up.
        var waitsForRecovery: Bool
    }

    /// How many retries the group gets after its first failure; nil: none, the failure is not one to retry.
    func retries(after failure: AttemptFailure, of request: RoutingRequest, in situation: Situation) -> Int? {
        if request.numRetries != 0, let count = policyCount(for: failure.failureClass, in: situation.group) {
            return count
        }
        guard isRetryable(failure, of: request, in: situation) else { return nil }
        return request.numRetries ?? situation.deploymentRetries ?? settings.numRetries
    }

    /// Asked anew after every failed retry.
    func mayContinue(after failure: AttemptFailure, of request: RoutingRequest, in situation: Situation) -> Bool {
        if request.numRetries != 0, policyCount(for: failure.failureClass, in: situation.group) != nil { return true }
        return isRetryable(failure, of: request, in: situation)
    }

    private func policyCount(for failureClass: FailureClass, in group: String) -> Int? {
        guard let policy = settings.modelGroupRetryPolicy[group] ?? settings.retryPolicy else { return nil }
        return policy[failureClass] ?? policy.defaultCount
    }

    private func isRetryable(
        _ failure: AttemptFailure, of request: RoutingRequest, in situation: Situation
    ) -> Bool {
        switch failure.failureClass {
        case .contextWindowExceeded
        where (request.contextWindowFallbacks ?? settings.contextWindowFallbacks) != nil: return false
        case .contentPolicyViolation
        where (request.contentPolicyFallbacks ?? settings.contentPolicyFallbacks) != nil: return false
        default: break
        }
        guard situation.healthy > 0 || situation.waitsForRecovery else { return false }
        if let isRetryable = failure.isRetryable { return isRetryable }
        switch failure.status {
        case 401, 403: return situation.groupSize > 1
        case 408, 409, 429, 500...: return true
        default: return false
        }
    }

    /// The pause before retry number `retry`, without jitter. Nothing is gained by pausing when another deployment
    /// stands ready, unless it shares the quota that the answer's `retry-after` speaks of.
    func pause(before retry: Int, after failure: AttemptFailure, in situation: Situation) -> Duration {
        let told = failure.retryAfter.flatMap { (.seconds(1)...(.seconds(60))).contains($0) ? $0 : nil }
        if situation.groupSize > 1 && situation.healthy > 0 {
            return situation.sharesQuota ? told ?? .zero : .zero
        }
        return told ?? min(max(.milliseconds(500 << min(retry, 5)), settings.retryAfter), .seconds(8))
    }

    static let jitterBound = Duration.milliseconds(750)
}
