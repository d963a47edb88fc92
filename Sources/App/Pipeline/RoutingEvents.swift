import ChatCompletions
public import EventLoop
public import Metrics
import Partitions
public import Routing
import Time

/// The one place that metrics leave from: each finished request becomes a routing event, on its topic and in the counters.
@RequestPath
public final class RoutingEvents {
    private let publisher: any RecordPublisher
    private let topic: String?
    private let instance: String
    public private(set) var metrics: RelayMetrics
    private let linger: Duration
    private var waiting: [ProducerRecord] = []
    /// Whether a timer is to flush.
    private var isTimed = false
    private let loop = EventLoop.shared

    private static let largestGroup = 64

    /// `topic` nil: events feed the counters only. `linger`: how long an event may wait for others to leave with. Nobody
    /// waits for one, and at a moderate rate a record by itself wakes threads here and in the broker.
    public init(
        publisher: any RecordPublisher, topic: String?, instance: String, metrics: RelayMetrics,
        linger: Duration = .zero
    ) {
        self.publisher = publisher
        self.topic = topic
        self.instance = instance
        self.metrics = metrics
        self.linger = linger
    }

    /// Makes the groups and deployments of a new configuration known to the counters.
    public func reconfigure(_ deployments: [Deployment]) {
        metrics.reconfigure(
            modelGroups: deployments.map(\.group), deploymentIDs: Set(deployments.map(\.id.rawValue)))
    }

    /// Not part of callers that wait: an event would lie in their frames.
    @inline(never)
    func publish(_ progress: RequestProgress, outcome: RoutingEvent.Outcome, status: Int, cost: Double?) {
        let event = event(of: progress, outcome: outcome, status: status, cost: cost)
        count(event)
        if let record = record(of: event, progress) { post(record) }
    }

    private func post(_ record: ProducerRecord) {
        waiting.append(record)
        if linger == .zero || waiting.count >= Self.largestGroup { return flush() }
        guard !isTimed else { return }
        isTimed = true
        loop.schedule(at: loop.now.advanced(by: linger)) { [weak self] in
            self?.isTimed = false
            self?.flush()
        }
    }

    /// Hands on what waits.
    public func flush() {
        for record in waiting { publisher.post(record) }
        waiting.removeAll(keepingCapacity: true)
    }

    func count(_ event: RoutingEvent) { metrics.record(event) }

    /// Nil where events feed the counters only.
    func record(of event: RoutingEvent, _ progress: RequestProgress) -> ProducerRecord? {
        guard let topic else { return nil }
        return ProducerRecord(
            topic: topic, key: event.modelGroup.map { Array($0.utf8) }, value: event.json(),
            headers: progress.envelope.trace)
    }

    /// US dollars for what the answering deployment used; nil where none answered or its price is not known.
    func cost(of trail: AttemptTrail) -> Double? {
        guard let answering = trail.answering, let usage = trail.usage else { return nil }
        return answering.deployment.prices(of: answering.modelID)?.cost(of: usage)
    }

    func event(
        of progress: RequestProgress, outcome: RoutingEvent.Outcome, status: Int, cost: Double?
    ) -> RoutingEvent {
        let trail = progress.trail
        let record = progress.record
        let now = loop.now
        let created = record.made(before: progress.taken)
        return RoutingEvent(
            time: now, instance: instance, correlationID: progress.envelope.correlationID,
            source: RoutingEvent.Source(
                topic: record.source.topic, partition: record.source.partition, offset: record.offset.rawValue),
            modelGroup: progress.modelGroup, strategy: trail.strategy?.rawValue, outcome: outcome, status: status,
            isStream: progress.stream != nil, deployment: trail.answering.map { deployment($0) },
            attempts: trail.entries.map { attempt($0, taken: progress.taken) }, retries: trail.retries,
            fallbacks: trail.fallbacks,
            tokens: trail.answering == nil ? nil : trail.usage.map { RoutingEvent.Tokens($0) },
            cost: cost,
            latency: RoutingEvent.Latency(
                queue: progress.taken.since(created), wait: trail.wait, upstream: trail.upstream,
                total: now.since(created)))
    }

    private func attempt(_ entry: AttemptTrail.Entry, taken: Instant) -> RoutingEvent.Attempt {
        RoutingEvent.Attempt(
            modelGroup: entry.group, deployment: deployment(entry), status: entry.status, errorType: entry.errorType,
            started: entry.started.since(taken), latency: entry.latency, timeToFirstToken: entry.timeToFirstToken,
            cooldown: entry.cooldown)
    }

    private func deployment(_ entry: AttemptTrail.Entry) -> RoutingEvent.Deployment {
        let deployment = entry.deployment
        return RoutingEvent.Deployment(id: deployment.id.rawValue, model: entry.modelID, region: deployment.region)
    }
}

extension RoutingEvent.Tokens {
    fileprivate init(_ usage: Usage) {
        self.init(
            prompt: usage.promptTokens, completion: usage.completionTokens, total: usage.totalTokens,
            cacheRead: usage.cacheReadTokens, cacheWrite: usage.cacheWriteTokens)
    }
}
