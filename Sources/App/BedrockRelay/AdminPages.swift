import AdminHTTP
import EventLoop
import Logging
import Metrics

/// The admin listener's pages: `/healthz`, `/readyz`, `/metrics`, `/routes` (contract, section 6).
struct AdminPages: Sendable {
    private let server: AdminServer?
    /// Where it listens; nil when it is switched off.
    var address: String? { server?.address }

    /// `address` nil: no listener.
    init(address: String?, relay: Relay, logger: Logger) throws {
        guard let address else {
            server = nil
            return
        }
        let health = relay.health
        server = try AdminServer(address: address, logger: logger) { path, _ in
            switch path {
            case "/healthz": Self.healthz(health)
            case "/readyz": Self.readyz(health)
            case "/metrics": await Self.metrics(relay)
            case "/routes": await Self.routes(relay)
            default: .text("not found: try /healthz /readyz /metrics /routes\n", status: 404)
            }
        }
    }

    func stop() async { await server?.stop() }

    private static func healthz(_ health: Health) -> AdminResponse {
        let loop = EventLoop.shared
        guard let problem = health.problem(now: loop.now, lastTurn: loop.lastTurn) else {
            return .text("ok\n")
        }
        return .text(problem + "\n", status: 503)
    }

    private static func readyz(_ health: Health) -> AdminResponse {
        guard let missing = health.notReady else { return .text("ready\n") }
        return .text(missing + "\n", status: 503)
    }

    private static func metrics(_ relay: Relay) async -> AdminResponse {
        var status = await relay.status
        status.gauges.process = GaugeSnapshot.Process(ProcessUsage.current())
        return AdminResponse(
            status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
            body: status.metrics.prometheusText(gauges: status.gauges))
    }

    private static func routes(_ relay: Relay) async -> AdminResponse {
        let status = await relay.status
        return AdminResponse(
            status: 200, contentType: "application/json",
            body: RoutesPage.json(status.deployments, strategy: status.strategy, held: status.held))
    }
}
