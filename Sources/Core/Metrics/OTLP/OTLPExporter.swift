public import Time

/// Turns what is measured into OTLP/JSON export requests, one snapshot after the other.
///
/// Pure: it is told the time and the measurements, and answers with the records to send. Cumulative snapshots stand by
/// themselves. A delta counts from the last snapshot that was `delivered`, so one that is lost is part of the next.
public struct OTLPExporter: Sendable {
    /// The records of one moment; each is a whole export request.
    public struct Snapshot: Sendable {
        public var records: [[UInt8]]
        fileprivate var totals: [SeriesKey: MetricFamily.Value]
        fileprivate var time: Instant
    }

    fileprivate struct SeriesKey: Hashable, Sendable {
        var metric: String
        var attributes: [OTLPAttribute]
    }

    private let resource: [OTLPAttribute]
    private let temporality: OTLPTemporality
    private var start: Instant
    private var delivered: [SeriesKey: MetricFamily.Value] = [:]

    /// Brokers take messages of about a megabyte unless told otherwise.
    private static let recordLimit = 500_000

    /// `start`: when counting began.
    public init(resource: [OTLPAttribute], temporality: OTLPTemporality, start: Instant) {
        self.resource = resource
        self.temporality = temporality
        self.start = start
    }

    /// `servers`: where each deployment's calls go, by its id.
    public func snapshot(
        of metrics: RelayMetrics, gauges: GaugeSnapshot, servers: [String: OTLPServer], now: Instant
    ) -> Snapshot {
        var all = metrics.genAIMetrics(servers: servers) + metrics.families(gauges: gauges).map { OTLPMetric($0) }
        var totals: [SeriesKey: MetricFamily.Value] = [:]
        if temporality == .delta {
            for index in all.indices where all[index].kind != .gauge { subtractDelivered(from: &all[index], &totals) }
        }
        let encoder = OTLPEncoder(
            resource: resource, temporality: temporality, start: start, now: now, recordLimit: Self.recordLimit)
        return Snapshot(records: encoder.records(all.filter { !$0.points.isEmpty }), totals: totals, time: now)
    }

    /// The broker has all of `snapshot`'s records.
    public mutating func noteDelivered(_ snapshot: Snapshot) {
        guard temporality == .delta else { return }
        delivered = snapshot.totals
        start = snapshot.time
    }

    /// Leaves what has come since; series where nothing has are left out.
    private func subtractDelivered(from metric: inout OTLPMetric, _ totals: inout [SeriesKey: MetricFamily.Value]) {
        metric.points = metric.points.compactMap { point in
            let key = SeriesKey(metric: metric.name, attributes: point.attributes)
            totals[key] = point.value
            guard let rest = point.value.since(delivered[key]) else { return nil }
            return OTLPMetric.Point(attributes: point.attributes, value: rest)
        }
    }
}

extension MetricFamily.Value {
    /// What was added to `earlier`; nil: nothing. A counter that is lower than before began anew.
    fileprivate func since(_ earlier: MetricFamily.Value?) -> MetricFamily.Value? {
        switch (self, earlier) {
        case (.integer(let new), .integer(let old)) where new >= old: new > old ? .integer(new - old) : nil
        case (.double(let new), .double(let old)) where new >= old: new > old ? .double(new - old) : nil
        case (.histogram(let new), .histogram(let old)):
            (new.since(old) ?? new).nonEmpty.map { .histogram($0) }
        case (.integer(0), _), (.double(0), _): nil
        case (.histogram(let new), _): new.nonEmpty.map { .histogram($0) }
        default: self
        }
    }
}
