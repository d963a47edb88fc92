import EventLoop
import Logging
import Partitions
import Routing
import Testing
import Time

@testable import Pipeline

@RequestPath
@Suite struct StateExchangeTests {
    private let publisher = FakePublisher()
    private let router: SharedRouter
    private let exchange: StateExchange
    private let own = RouterInstance(name: "host-1", started: 7)
    private let now = EventLoop.shared.now

    init() {
        var settings = RouterSettings()
        settings.allowedFails = 0
        settings.cooldownTime = .seconds(30)
        settings.numRetries = 0
        router = SharedRouter(
            Router(settings: settings, deployments: [.sample("haiku")], chooser: FirstChooser()))
        var exchangeSettings = StateExchange.Settings(topic: "state")
        exchangeSettings.interval = .seconds(3600)  // ticks are the tests'
        exchange = StateExchange(
            settings: exchangeSettings, router: router, publisher: publisher, instance: own, logger: .discard)
    }

    private func receive(_ record: ProducerRecord) {
        exchange.receive(
            ConsumerRecord(
                source: TopicPartition(topic: record.topic, partition: 0), offset: Offset(0),
                timestamp: EventLoop.shared.now.unixMilliseconds, key: record.key, value: record.value))
    }

    private func receive(_ message: StateMessage) {
        receive(ProducerRecord(topic: "state", key: message.key, value: message.json()))
    }

    private func receive(_ text: String) {
        receive(ProducerRecord(topic: "state", key: nil, value: Array(text.utf8)))
    }

    private func connect() {
        exchange.start()
        if let heartbeat = publisher.posted.last { receive(heartbeat) }
    }

    private var reports: [DeploymentReport] {
        publisher.posted.compactMap { record in
            guard let message = record.value.flatMap({ try? StateMessage(json: $0) }),
                case .report(let report) = message.content
            else { return nil }
            return report
        }
    }

    private func call(_ outcome: AttemptOutcome) {
        var session = router.begin(RoutingRequest(model: "claude-3"), now: now)
        _ = router.nextStep(of: &session, now: now)
        router.finish(outcome, of: &session, group: "claude-3", now: now)
    }

    @Test func `it counts as connected once its own heartbeat has come back, and not for ever`() {
        exchange.start()
        #expect(!exchange.isConnected)
        #expect(publisher.posted.map(\.key) == [Array("host-1".utf8)])
        if let heartbeat = publisher.posted.last { receive(heartbeat) }
        #expect(exchange.isConnected)

        exchange.tick(now: now.advanced(by: .seconds(2)))
        #expect(exchange.isConnected)
        exchange.tick(now: now.advanced(by: .seconds(5)))
        #expect(!exchange.isConnected)
        if let heartbeat = publisher.posted.last { receive(heartbeat) }
        #expect(exchange.isConnected)
    }

    @Test func `usage is reported with the next tick, a cool-down at once`() {
        connect()
        call(.abandoned)
        #expect(reports.isEmpty)
        exchange.tick(now: now)
        #expect(reports.map(\.requests) == [1])

        call(.failure(AttemptFailure(.serviceUnavailable, status: 503)))
        #expect(reports.count == 2)
        #expect(reports.last?.cooldownEnd != nil)
        exchange.tick(now: now)
        #expect(reports.count == 2)
    }

    @Test func `nothing but heartbeats is written while the topic does not answer, and everything when it does`() {
        exchange.start()
        call(.abandoned)
        exchange.tick(now: now.advanced(by: .seconds(30)))
        exchange.tick(now: now.advanced(by: .seconds(60)))
        #expect(reports.isEmpty)
        #expect(publisher.posted.count == 3)

        if let heartbeat = publisher.posted.last { receive(heartbeat) }
        exchange.tick(now: now.advanced(by: .seconds(60)))
        #expect(reports.map(\.requests) == [1])
    }

    @Test func `everything is told again now and then`() {
        connect()
        call(.abandoned)
        exchange.tick(now: now)
        exchange.tick(now: now)
        #expect(reports.count == 1)
        exchange.tick(now: now.advanced(by: .seconds(20)))
        #expect(!exchange.isConnected || reports.count == 2)
    }

    @Test func `others are known by their records until they stop`() {
        connect()
        var report = DeploymentReport(
            deployment: DeploymentID("haiku"), minute: EventLoop.shared.now.nanoseconds / 60_000_000_000)
        report.requests = 4
        receive(StateMessage(.report(report), from: RouterInstance(name: "other", started: 1)))
        #expect(exchange.peerCount == 1)
        #expect(router.status(now: EventLoop.shared.now)[0].peerRequestsThisMinute <= 4)

        receive(ProducerRecord(topic: "state", key: Array("other haiku".utf8), value: nil))
        #expect(exchange.peerCount == 1)
        receive(ProducerRecord(topic: "state", key: Array("other".utf8), value: nil))
        #expect(exchange.peerCount == 0)
    }

    @Test func `an earlier run under the same name is another instance`() {
        connect()
        receive(StateMessage(.heartbeat, from: RouterInstance(name: "host-1", started: 6)))
        #expect(exchange.peerCount == 1)
    }

    @Test func `what cannot be read is counted and skipped`() {
        connect()
        receive("not JSON")
        receive(#"{"schema":"bedrock-relay.state.v9"}"#)
        receive(StateMessage(.heartbeat, from: RouterInstance(name: "other", started: 1)))
        #expect(exchange.skippedRecords == 2)
        #expect(exchange.peerCount == 1)
    }

    @Test func `it ends with its last report, and removes its records`() {
        connect()
        call(.abandoned)
        exchange.stop()
        #expect(reports.map(\.requests) == [1])
        let removed = publisher.posted.filter { $0.value == nil }.compactMap(\.key)
        #expect(removed == [Array("host-1 haiku".utf8), Array("host-1".utf8)])
        call(.failure(AttemptFailure(.serviceUnavailable, status: 503)))
        #expect(reports.count == 1)
    }
}
