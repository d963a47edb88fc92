import AdminHTTP
import EventLoop
import Logging
import Metrics
import Time

/// The admin listener's pages: `/healthz`, `/readyz`, `/metrics`, `/routes` (contract, section 6), and the live page at
/// `/` with what it is made of.
struct AdminPages: Sendable {
    private let server: AdminServer?
    private let sampling: Task<Void, Never>?
    /// Where it listens; nil when it is switched off.
    var address: String? { server?.address }

    /// `address` nil: no listener.
    init(address: String?, relay: Relay, logger: Logger) throws {
        guard let address else {
            (server, sampling) = (nil, nil)
            return
        }
        let health = relay.health
        let history = StatusHistory()
        server = try AdminServer(address: address, logger: logger) { path, _ in
            switch path {
            case "/healthz": Self.healthz(health)
            case "/readyz": Self.readyz(health)
            case "/metrics": await Self.metrics(relay)
            case "/routes": await Self.routes(relay)
            case "/status.json": await Self.status(relay, history)
            case "/": LivePage.html
            case "/page.css": LivePage.style
            case "/page.js": LivePage.script
            default: .text("not found: try / /healthz /readyz /metrics /routes\n", status: 404)
            }
        }
        sampling = Task {
            await history.follow { await StatusHistory.Sample(relay.status, time: SystemTime().now) }
        }
    }

    func stop() async {
        sampling?.cancel()
        await server?.stop()
    }

    private static func healthz(_ health: Health) -> AdminResponse {
        guard let problem = problem(of: health) else { return .text("ok\n") }
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
        return .json(RoutesPage.json(status.deployments, strategy: status.strategy, held: status.held))
    }

    private static func status(_ relay: Relay, _ history: StatusHistory) async -> AdminResponse {
        let status = await relay.status
        let sample = StatusHistory.Sample(status, time: SystemTime().now)
        let window = history.window(until: sample)
        let problem = problem(of: relay.health)
        let missing = relay.health.notReady
        let document = StatusDocument(
            status: status, now: sample.time, problem: problem ?? missing, isHealthy: problem == nil,
            isReady: missing == nil, totals: sample.totals, window: window.totals, windowLength: window.length,
            series: history.series)
        return .json(document.json())
    }

    private static func problem(of health: Health) -> String? {
        let loop = EventLoop.shared
        return health.problem(now: loop.now, lastTurn: loop.lastTurn)
    }
}

extension StatusHistory.Sample {
    init(_ status: RelayStatus, time: Instant) {
        self.init(time: time, totals: ActivityTotals(status.metrics.families(gauges: status.gauges)))
    }
}
