import Time

/// Everything the router remembers of one deployment. Its size does not depend on traffic.
struct DeploymentState: Sendable {
    var usage = UsageWindow()
    var recentRequests = RequestWindow()
    var outcomes = OutcomeWindow()
    var latency = DeploymentLatency()
    var inFlight = 0
}
