import AdminHTTP
import EventLoop
import Logging
import Metrics
import Partitions
import Pipeline
import Time

/// Sends what is measured to `relay.otlp_metrics_topic`, every interval and once more at the end.
///
/// Snapshots are encoded off the request path. Those of one process have one key, so that they stay in order on one
/// partition.
@RequestPath
final class MetricsExport {
    /// What there is to send at one moment.
    struct Measurement: Sendable {
        var metrics: RelayMetrics
        var gauges: GaugeSnapshot
        var servers: [String: OTLPServer]
    }

    private let topic: String
    private let key: [UInt8]
    private let publisher: any RecordPublisher
    private let logger: Logger
    private let measure: @RequestPath () -> Measurement
    private var exporter: OTLPExporter
    private var timer: LoopTimer?
    private var isSending = false
    private let loop = EventLoop.shared

    init(
        topic: String, key: String, exporter: OTLPExporter, publisher: any RecordPublisher, logger: Logger,
        measure: @escaping @RequestPath () -> Measurement
    ) {
        self.topic = topic
        self.key = Array(key.utf8)
        self.exporter = exporter
        self.publisher = publisher
        self.logger = logger
        self.measure = measure
    }

    func start(interval: Duration) {
        timer = loop.repeating(every: interval) { [weak self] in self?.export() }
    }

    /// Leaves the last snapshot with the producer, which is to be closed after this.
    func stop() {
        timer?.cancel()
        let snapshot = Self.snapshot(measure(), exporter, now: loop.now)
        for record in snapshot.records { publisher.post(self.record(record)) }
    }

    /// A snapshot that takes longer than the interval is not joined by another: the next one tells all the same.
    private func export() {
        guard !isSending else { return }
        isSending = true
        RequestPath.task {
            await self.send()
            self.isSending = false
        }
    }

    private func send() async {
        let (measurement, exporter, now) = (measure(), exporter, loop.now)
        let snapshot = await Task.detached { Self.snapshot(measurement, exporter, now: now) }.value
        do throws(DeliveryError) {
            for value in snapshot.records { try await publisher.publish(record(value)) }
            self.exporter.noteDelivered(snapshot)
        } catch {
            logger.warning(
                "metrics not exported", ["topic": .string(topic), "reason": .string(error.message)], limitedBy: topic)
        }
    }

    private func record(_ value: [UInt8]) -> ProducerRecord {
        ProducerRecord(topic: topic, key: key, value: value)
    }

    private nonisolated static func snapshot(
        _ measurement: Measurement, _ exporter: OTLPExporter, now: Instant
    ) -> OTLPExporter.Snapshot {
        var gauges = measurement.gauges
        gauges.process = GaugeSnapshot.Process(ProcessUsage.current())
        return exporter.snapshot(of: measurement.metrics, gauges: gauges, servers: measurement.servers, now: now)
    }
}
