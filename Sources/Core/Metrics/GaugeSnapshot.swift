import Time

/// What is read at scrape time rather than counted: the owner fills it in when asked.
public struct GaugeSnapshot: Sendable {
    /// One assigned partition.
    public struct Partition: Sendable {
        public var topic: String
        public var partition: Int32
        /// End less committed position; nil until known.
        public var lag: Int64?
        public var inFlight: Int
        public var prefetched: Int?
        /// Highest finished offset less committed position.
        public var watermarkSpan: Int64?
        /// nil when nothing is pending.
        public var oldestPendingAge: Duration?

        public init(
            topic: String, partition: Int32, lag: Int64? = nil, inFlight: Int = 0, prefetched: Int? = nil,
            watermarkSpan: Int64? = nil, oldestPendingAge: Duration? = nil
        ) {
            self.topic = topic
            self.partition = partition
            self.lag = lag
            self.inFlight = inFlight
            self.prefetched = prefetched
            self.watermarkSpan = watermarkSpan
            self.oldestPendingAge = oldestPendingAge
        }
    }

    /// One deployment, as the router sees it.
    public struct Deployment: Sendable {
        public var modelGroup: String
        public var id: String
        public var inFlight: Int
        public var cooldownRemaining: Duration?
        public var requestsThisMinute: Int
        public var tokensThisMinute: Int
        public var requestLimit: Int?
        public var tokenLimit: Int?

        public init(
            modelGroup: String, id: String, inFlight: Int = 0, cooldownRemaining: Duration? = nil,
            requestsThisMinute: Int = 0, tokensThisMinute: Int = 0, requestLimit: Int? = nil, tokenLimit: Int? = nil
        ) {
            self.modelGroup = modelGroup
            self.id = id
            self.inFlight = inFlight
            self.cooldownRemaining = cooldownRemaining
            self.requestsThisMinute = requestsThisMinute
            self.tokensThisMinute = tokensThisMinute
            self.requestLimit = requestLimit
            self.tokenLimit = tokenLimit
        }
    }

    /// What the system says about this process.
    public struct Process: Sendable {
        public var cpu: Duration
        public var residentBytes: Int
        public var openDescriptors: Int
        /// Unix time in seconds.
        public var startTime: Double

        public init(cpu: Duration, residentBytes: Int, openDescriptors: Int, startTime: Double) {
            self.cpu = cpu
            self.residentBytes = residentBytes
            self.openDescriptors = openDescriptors
            self.startTime = startTime
        }
    }

    /// The exchange of router state with other instances.
    public struct SharedState: Sendable {
        public var isConnected: Bool
        public var peers: Int
        public var skippedRecords: Int

        public init(isConnected: Bool, peers: Int, skippedRecords: Int) {
            self.isConnected = isConnected
            self.peers = peers
            self.skippedRecords = skippedRecords
        }
    }

    public var requestsInFlight = 0
    public var requestsWaiting = 0
    public var bufferedBytes = 0
    public var producerQueue = 0
    public var upstream = Upstream()
    public var logLinesDropped = 0
    public var partitions: [Partition] = []
    public var deployments: [Deployment] = []
    public var process: Process?
    /// Nil: state is not shared.
    public var sharedState: SharedState?

    public init() {}

    /// The snapshot as metrics.
    func families() -> [MetricFamily] {
        totals() + sharedStateFamilies() + partitionFamilies() + deploymentFamilies() + processFamilies()
    }

    private func totals() -> [MetricFamily] {
        [
            single(.requestsInFlight, requestsInFlight), single(.requestsWaiting, requestsWaiting),
            single(.bufferedBytes, bufferedBytes), single(.assignedPartitions, partitions.count),
            single(.producerQueue, producerQueue), single(.logLinesDropped, logLinesDropped),
        ] + upstream.families()
    }

    private func sharedStateFamilies() -> [MetricFamily] {
        guard let sharedState else { return [] }
        return [
            single(.stateConnected, sharedState.isConnected ? 1 : 0), single(.statePeers, sharedState.peers),
            single(.stateSkipped, sharedState.skippedRecords),
        ]
    }

    private func partitionFamilies() -> [MetricFamily] {
        [
            partitions(.consumerLag) { $0.lag.map { .integer(Int($0)) } },
            partitions(.partitionInFlight) { .integer($0.inFlight) },
            partitions(.prefetched) { $0.prefetched.map { .integer($0) } },
            partitions(.watermarkSpan) { $0.watermarkSpan.map { .integer(Int($0)) } },
            partitions(.oldestPendingAge) { .double($0.oldestPendingAge?.inSeconds ?? 0) },
        ]
    }

    private func deploymentFamilies() -> [MetricFamily] {
        [
            deployments(.deploymentInFlight) { .integer($0.inFlight) },
            deployments(.deploymentCooldown) { .double($0.cooldownRemaining?.inSeconds ?? 0) },
            deployments(.deploymentRequests) { .integer($0.requestsThisMinute) },
            deployments(.deploymentTokens) { .integer($0.tokensThisMinute) },
            deployments(.deploymentRequestLimit) { $0.requestLimit.map { .integer($0) } },
            deployments(.deploymentTokenLimit) { $0.tokenLimit.map { .integer($0) } },
        ]
    }

    private func processFamilies() -> [MetricFamily] {
        guard let process else { return [] }
        return [
            MetricFamily(.processCPU, points: [.init(.double(process.cpu.inSeconds))]),
            single(.processMemory, process.residentBytes), single(.processDescriptors, process.openDescriptors),
            MetricFamily(.processStart, points: [.init(.double(process.startTime))]),
        ]
    }

    private func single(_ definition: MetricDefinition, _ value: Int) -> MetricFamily {
        MetricFamily(definition, points: [.init(.integer(value))])
    }

    private func partitions(
        _ definition: MetricDefinition, _ value: (Partition) -> MetricFamily.Value?
    ) -> MetricFamily {
        let points = partitions.compactMap { partition in
            value(partition).map { MetricFamily.Point(labels: [partition.topic, "\(partition.partition)"], $0) }
        }
        return MetricFamily(definition, points: points)
    }

    private func deployments(
        _ definition: MetricDefinition, _ value: (Deployment) -> MetricFamily.Value?
    ) -> MetricFamily {
        let points = deployments.compactMap { deployment in
            value(deployment).map { MetricFamily.Point(labels: [deployment.modelGroup, deployment.id], $0) }
        }
        return MetricFamily(definition, points: points)
    }
}
