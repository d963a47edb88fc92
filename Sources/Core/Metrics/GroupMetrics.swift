import Time

/// What is counted for one model group.
struct GroupMetrics: Sendable {
    let name: String
    private var requests: [RequestCount] = []
    private var retries = 0
    private var fallbacks = 0
    private var total = Histogram(.requests)
    private var queue = Histogram(.requests)
    private var wait = Histogram(.requests)
    private var upstream = Histogram(.requests)
    private var overhead = Histogram(.overhead)
    private var deploymentIndices: [String: Int] = [:]
    private var deployments: [DeploymentMetrics] = []

    private struct RequestCount {
        let outcome: RoutingEvent.Outcome
        let status: Int
        var count: Int
    }

    init(name: String) { self.name = name }

    var isUsed: Bool { !requests.isEmpty || !deployments.isEmpty }

    mutating func record(_ event: RoutingEvent) {
        // A handful of outcomes in practice: a scan beats hashing.
        if let index = requests.firstIndex(where: { $0.status == event.status && $0.outcome == event.outcome }) {
            requests[index].count += 1
        } else {
            requests.append(RequestCount(outcome: event.outcome, status: event.status, count: 1))
        }
        retries += event.retries
        fallbacks += event.fallbacks
        let latency = event.latency
        total.record(latency.total.inSeconds)
        queue.record(latency.queue.inSeconds)
        wait.record(latency.wait.inSeconds)
        upstream.record(latency.upstream.inSeconds)
        overhead.record(latency.overhead.inSeconds)
    }

    mutating func record(_ attempt: RoutingEvent.Attempt, bounds: RelayMetrics.Bounds, measuresGenAI: Bool) {
        let index = index(ofDeployment: attempt.deployment.id, bounds: bounds)
        deployments[index].record(attempt)
        if measuresGenAI { deployments[index].recordGenAI(attempt) }
    }

    mutating func record(
        tokens: RoutingEvent.Tokens?, cost: Double?, of deployment: String, bounds: RelayMetrics.Bounds
    ) {
        deployments[index(ofDeployment: deployment, bounds: bounds)].record(tokens: tokens, cost: cost)
    }

    private mutating func index(ofDeployment id: String, bounds: RelayMetrics.Bounds) -> Int {
        if let index = deploymentIndices[id] { return index }
        let isBeyond = deployments.count >= bounds.deploymentsPerGroup
        let label = isBeyond ? RelayMetrics.unknownLabel : id
        if let index = deploymentIndices[label] { return index }
        deploymentIndices[label] = deployments.count
        deployments.append(DeploymentMetrics(id: label))
        return deployments.count - 1
    }

    /// Forgets what was counted for other deployments.
    mutating func keepDeployments(_ ids: Set<String>) {
        deployments.removeAll { !ids.contains($0.id) && $0.id != RelayMetrics.unknownLabel }
        deploymentIndices = Dictionary(uniqueKeysWithValues: deployments.enumerated().map { ($1.id, $0) })
    }

    func append(to metrics: inout GenAIFamilies, servers: [String: OTLPServer]) {
        for deployment in deployments { deployment.append(to: &metrics, group: name, server: servers[deployment.id]) }
    }

    func append(to families: inout RequestFamilies) {
        for entry in requests {
            families.requests.append(
                .integer(entry.count), labels: name, entry.outcome.rawValue, "\(entry.status)")
        }
        families.retries.append(.integer(retries), labels: name)
        families.fallbacks.append(.integer(fallbacks), labels: name)
        families.requestDuration.append(.histogram(total), labels: name)
        families.requestQueue.append(.histogram(queue), labels: name)
        families.requestWait.append(.histogram(wait), labels: name)
        families.requestUpstream.append(.histogram(upstream), labels: name)
        families.requestOverhead.append(.histogram(overhead), labels: name)
        for deployment in deployments { deployment.append(to: &families, group: name) }
    }
}
