import Configuration
import EventLoop
import Metrics
import Pipeline
import Routing

extension Relay {
    /// The export to `otlp_metrics_topic`; nil where there is none.
    func makeMetricsExport() -> MetricsExport? {
        let relay = configuration.relay
        guard let topic = relay.otlpMetricsTopic else { return nil }
        let temporality: OTLPTemporality =
            switch relay.otlpMetricsTemporality {
            case .cumulative: .cumulative
            case .delta: .delta
            }
        let exporter = OTLPExporter(
            resource: OTLPResource.attributes(instance: instance, environment: configuration.environment.reveal()),
            temporality: temporality, start: loop.now)
        return MetricsExport(
            topic: topic, key: instance, exporter: exporter,
            publisher: KafkaPublisher(producer: producer, transactions: nil, health: health), logger: logger
        ) { [unowned self] in
            MetricsExport.Measurement(metrics: events.metrics, gauges: gauges(), servers: servers)
        }
    }

    private var servers: [String: OTLPServer] {
        router.deployments.reduce(into: [:]) { servers, deployment in
            guard let server = provider.server(of: deployment.id) else { return }
            servers[deployment.id.rawValue] = OTLPServer(address: server.host, port: server.port)
        }
    }
}
