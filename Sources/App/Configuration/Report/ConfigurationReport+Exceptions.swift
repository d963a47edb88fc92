import Routing

/// Retries, timeouts and cool-downs that hold for one error class, group or deployment instead of the general ones.
extension ConfigurationReport {
    /// Rows of `what, of which, value`; in the order in which they win over the general value.
    static func exceptions(_ router: RouterSettings, _ deployments: [Deployment]) -> [[String]] {
        deployments.flatMap(exceptions(of:))
            + router.modelGroupRetryPolicy.sorted { $0.key < $1.key }.flatMap {
                rows("retries", of: "group \($0.key)", $0.value)
            }
            + rows("retries", of: "all groups", router.retryPolicy)
            + rows("allowed failures", of: "all groups", router.allowedFailsPolicy)
    }

    private static func exceptions(of deployment: Deployment) -> [[String]] {
        let name = shortened(deployment.id)
        let single: [(String, String?)] = [
            ("retries", deployment.numRetries.map { "\($0)" }),
            ("timeout per attempt", (deployment.timeout ?? deployment.requestTimeout).map(seconds)),
            ("timeout per attempt, streaming", deployment.streamTimeout.map(seconds)),
            ("cool-down", deployment.cooldownTime.map { $0 == .zero ? "off" : seconds($0) }),
            ("allowed failures", deployment.allowedFails.map { "\($0)" }),
        ]
        return single.compactMap { what, value in value.map { [what, name, $0] } }
            + rows("allowed failures", of: name, deployment.allowedFailsPolicy)
    }

    private static func rows(_ what: String, of whom: String, _ policy: FailurePolicy?) -> [[String]] {
        guard let policy else { return [] }
        let classes = FailureClass.allCases.compactMap { failure in
            policy.counts[failure].map { [what, "\(whom), \(failure.rawValue)", "\($0)"] }
        }
        return classes + (policy.defaultCount.map { [[what, "\(whom), any other error", "\($0)"]] } ?? [])
    }
}
