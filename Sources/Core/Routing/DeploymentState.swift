import Time

/// Everything the router remembers of one deployment. Its size does not depend on traffic.
struct DeploymentState: Sendable {
    var usage = UsageWindow()
    var recentRequests = RequestWindow()
    var outcomes = OutcomeWindow()
    var latency = DeploymentLatency()
    var inFlight = 0
    /// Something has changed since it was last reported to other instances; the last report said something.
    var isUnreported = false
    var isReported = false
}
