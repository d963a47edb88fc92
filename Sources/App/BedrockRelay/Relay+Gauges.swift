import AdminHTTP
import EventLoop
import HTTP
import Metrics
import Partitions
import Pipeline
import Routing
import Time

extension Relay {
    /// What is read at scrape time rather than counted.
    func gauges() -> GaugeSnapshot {
        var gauges = GaugeSnapshot()
        gauges.requestsInFlight = consumerLoop?.inFlight ?? 0
        gauges.requestsWaiting = router.heldCount
        gauges.bufferedBytes = consumerLoop?.bufferedBytes ?? 0
        gauges.upstream = GaugeSnapshot.Upstream(http)
        gauges.logLinesDropped = logger.droppedLines
        gauges.configurationIsCurrent = reloads.isCurrent
        gauges.configurationTime = Double(reloads.lastSuccess.unixMilliseconds) / 1000
        gauges.producerQueue = producer.outstandingCount
        gauges.partitions = partitionGauges()
        gauges.sharedState = state.map { GaugeSnapshot.SharedState($0.exchange) }
        gauges.deployments = router.status(now: loop.now).map { GaugeSnapshot.Deployment($0) }
        return gauges
    }

    private func partitionGauges() -> [GaugeSnapshot.Partition] {
        guard let consumerLoop else { return [] }
        let oldest = consumerLoop.oldestInFlight
        return consumerLoop.laneStatuses.map { lane in
            GaugeSnapshot.Partition(
                topic: lane.partition.topic, partition: lane.partition.partition,
                lag: statistics.lag[lane.partition], inFlight: lane.inFlight,
                prefetched: statistics.prefetched[lane.partition], watermarkSpan: lane.span,
                oldestPendingAge: oldest[lane.partition].map { loop.now.since($0) })
        }
    }
}

extension GaugeSnapshot.Deployment {
    fileprivate init(_ status: DeploymentStatus) {
        let deployment = status.deployment
        self.init(
            modelGroup: deployment.group, id: deployment.id.rawValue, inFlight: status.inFlight,
            cooldownRemaining: status.cooldownRemaining, requestsThisMinute: status.requestsThisMinute,
            tokensThisMinute: status.tokensThisMinute, requestLimit: deployment.limits.requestsPerMinute,
            tokenLimit: deployment.limits.tokensPerMinute)
    }
}

extension GaugeSnapshot.Upstream {
    @RequestPath
    fileprivate init(_ client: HTTPClient) {
        self.init()
        let statistics = client.statistics
        connections = client.openConnections
        connectionsOpened = statistics.connectionsOpened
        connectionsReused = statistics.connectionsReused
        http1Responses = statistics.http1Responses
        http2Responses = statistics.http2Responses
        resendsSent = statistics.resent
        resendsPrevented = statistics.resendsPrevented
        errors = HTTPError.Kind.allCases.map { ($0.label, statistics.errorsByKind[$0] ?? 0) }
    }
}

extension HTTPError.Kind {
    fileprivate var label: String {
        switch self {
        case .connect: "connect"
        case .connectionLost: "connection_lost"
        case .truncated: "truncated"
        case .timeout: "timeout"
        case .tooLarge: "too_large"
        case .cancelled: "cancelled"
        case .invalidRequest: "invalid_request"
        }
    }
}

/// When this program began to run: `/metrics` tells it so that counters can be read across restarts.
let programStart = Double(SystemTime().now.unixMilliseconds) / 1000

extension GaugeSnapshot.SharedState {
    @RequestPath
    fileprivate init(_ exchange: StateExchange) {
        self.init(
            isConnected: exchange.isConnected, peers: exchange.peerCount, skippedRecords: exchange.skippedRecords)
    }
}

extension GaugeSnapshot.Process {
    init(_ usage: ProcessUsage) {
        self.init(
            cpu: usage.cpu, residentBytes: usage.residentBytes, openDescriptors: usage.openDescriptors,
            startTime: programStart)
    }
}
