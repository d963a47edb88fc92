import ChatCompletions
import TestSupport
import Testing
import Time

@testable import Routing

/// Routers of several instances that hear of each other through the codec, some time later.
private struct Cluster {
    private struct Record {
        var bytes: [UInt8]
        var arrivals: [Instant]
    }

    var routers: [Router]
    let instances: [RouterInstance]
    var now = Instant(unixMilliseconds: 1_767_607_200_000)
    var random: SeededGenerator
    /// How long a record takes, in milliseconds.
    var delays = 5...60
    private var log: [Record] = []
    private var read: [Int]
    var held: [RouteSession?]
    var running: [(instance: Int, session: RouteSession)] = []
    var sent: [Int64: Int] = [:]
    var refused = 0

    init(
        _ count: Int, seed: UInt64 = 1, rpm: Int? = nil, tpm: Int? = nil,
        configure: (inout RouterSettings) -> Void = { _ in }
    ) {
        var settings = RouterSettings()
        settings.strategy = .usageBasedV2
        settings.numRetries = 0
        configure(&settings)
        let only = deployment("d1") { $0.limits = .init(requestsPerMinute: rpm, tokensPerMinute: tpm) }
        routers = (0..<count).map {
            Router(settings: settings, deployments: [only], chooser: SeededChooser(seed: seed + UInt64($0)))
        }
        instances = (0..<count).map { RouterInstance(name: "i\($0)", started: 0) }
        random = SeededGenerator(seed: seed)
        read = [Int](repeating: 0, count: count)
        held = [RouteSession?](repeating: nil, count: count)
        for index in routers.indices {
            routers[index].setSharing(true, now: now)
            append(StateMessage(.heartbeat, from: instances[index]))
        }
        advance(100)
        now = Instant(unixMilliseconds: 1_767_607_200_000)
    }

    var minute: Int64 { now.nanoseconds / 60_000_000_000 }

    mutating func append(_ message: StateMessage) {
        let arrivals = routers.indices.map { index in
            let delay = Int.random(in: delays, using: &random)
            let before = log.last?.arrivals[index] ?? now
            return max(before, now.advanced(by: .milliseconds(delay)))  // everybody reads in the log's order
        }
        log.append(Record(bytes: message.json(), arrivals: arrivals))
    }

    mutating func report() {
        for index in routers.indices {
            for report in routers[index].takeReports(now: now) {
                append(StateMessage(.report(report), from: instances[index]))
            }
        }
    }

    mutating func advance(_ milliseconds: Int) {
        now = now.advanced(by: .milliseconds(milliseconds))
        for index in routers.indices {
            while read[index] < log.count, log[read[index]].arrivals[index] <= now {
                if let message = try? StateMessage(json: log[read[index]].bytes) {
                    _ = routers[index].adopt(message, as: instances[index], now: now)
                }
                read[index] += 1
            }
        }
    }

    /// Lets in what instance `index` takes of a queue that never ends; at most `count`.
    mutating func letIn(_ index: Int, _ count: Int = .max) {
        for _ in 0..<count {
            var session: RouteSession
            if let waiting = held[index] {
                session = waiting
                held[index] = nil
            } else {
                var request = RoutingRequest(model: "g")
                request.messageTokens = 10
                session = routers[index].begin(request, now: now)
            }
            switch routers[index].nextStep(of: &session, now: now) {
            case .call:
                sent[minute, default: 0] += 1
                running.append((index, session))
            case .hold:
                held[index] = session
                return
            case .fail:
                refused += 1
                return
            case .sleep, .complete: return
            }
        }
    }

    mutating func endOne() {
        guard !running.isEmpty else { return }
        var (instance, session) = running.remove(at: Int.random(in: 0..<running.count, using: &random))
        routers[instance].finish(.tokens(10), of: &session, now: now)
    }
}

@Suite struct SharedUsageTests {
    @Test func `instances that say nothing admit a limit each`() {
        var cluster = Cluster(2, rpm: 10)
        for index in cluster.routers.indices {
            cluster.routers[index].setSharing(false, now: cluster.now)
            cluster.letIn(index)
        }
        #expect(cluster.sent.values.first == 20)
    }

    @Test func `one limit holds for all instances together, and all of it is used`() {
        for seed in 0..<300 as Range<UInt64> {
            let instances = Int(seed % 4) + 2
            let rpm = Int(seed % 61) + 1
            var cluster = Cluster(instances, seed: seed, rpm: rpm)
            // Some instances get everything, some little: whoever reads the busy partitions.
            let busy = (0..<instances).map { _ in Int.random(in: 1...20, using: &cluster.random) }
            for tick in 0..<300 {
                for index in 0..<instances { cluster.letIn(index, busy[index]) }
                for _ in 0..<Int.random(in: 0...4, using: &cluster.random) { cluster.endOne() }
                if tick % 5 == 0 { cluster.report() }
                cluster.advance(10)
            }
            let sent = cluster.sent.values.max() ?? 0
            #expect(sent >= rpm && sent < rpm + instances, "seed \(seed): \(sent) of \(rpm), \(instances) instances")
        }
    }

    @Test func `tokens are shared like requests`() {
        for seed in 0..<100 as Range<UInt64> {
            let tpm = Int(seed % 50) * 20 + 40
            var cluster = Cluster(2, seed: seed, tpm: tpm)
            for tick in 0..<400 {
                for index in 0..<2 { cluster.letIn(index, 3) }
                cluster.endOne()
                if tick % 5 == 0 { cluster.report() }
                cluster.advance(10)
            }
            let tokens = (cluster.sent.values.max() ?? 0) * 10
            #expect(tokens >= tpm / 10 * 10 && tokens <= tpm + 10, "seed \(seed): \(tokens) of \(tpm)")
        }
    }

    @Test func `a request near a shared limit waits for word from the others, also where full limits are refused`() {
        var cluster = Cluster(2, rpm: 4) { $0.onCapacityExhausted = .reject }
        cluster.letIn(0, 4)
        #expect(cluster.sent.values.first == 1)
        #expect(cluster.held[0] != nil)
        for _ in 0..<20 {
            cluster.report()
            cluster.advance(100)
            cluster.letIn(0, 4)
        }
        #expect(cluster.sent.values.first == 4)
        #expect(cluster.refused > 0)
    }

    @Test func `nobody is waited for when the topic does not work or nobody else lives`() {
        var cluster = Cluster(2, rpm: 4)
        cluster.routers[0].setSharing(false, now: cluster.now)
        cluster.letIn(0, 2)
        #expect(cluster.sent.values.first == 2)

        cluster.now = cluster.now.advanced(by: .seconds(11))
        cluster.routers[1].expirePeers(now: cluster.now)
        cluster.letIn(1, 4)
        #expect(cluster.sent.values.first == 6)
    }

    @Test func `a cool-down benches the deployment for everybody until the same moment`() {
        var cluster = Cluster(2) {
            $0.allowedFails = 0; $0.cooldownTime = .seconds(30)
        }
        cluster.letIn(0, 1)
        var session = cluster.running[0].session
        cluster.routers[0].finish(.fails(500), of: &session, now: cluster.now)
        cluster.report()
        cluster.advance(100)

        let statuses = cluster.routers.map { $0.status(now: cluster.now)[0].cooldownRemaining }
        #expect(statuses == [.milliseconds(29_900), .milliseconds(29_900)])
    }

    @Test func `a cool-down told by a wrong clock is bounded`() {
        var cluster = Cluster(2)
        var report = DeploymentReport(deployment: DeploymentID("d1"), minute: cluster.minute)
        report.cooldownEnd = .distantFuture
        cluster.append(StateMessage(.report(report), from: cluster.instances[0]))
        cluster.advance(100)
        #expect(cluster.routers[1].status(now: cluster.now)[0].cooldownRemaining == .seconds(600))
    }

    @Test func `what a dead instance used counts to the minute's end, what it had in flight does not`() {
        var cluster = Cluster(2, rpm: 10, tpm: 1000)
        cluster.letIn(0, 2)
        cluster.endOne()
        cluster.report()
        cluster.advance(100)
        var status = cluster.routers[1].status(now: cluster.now)[0]
        #expect(status.peerRequestsThisMinute == 1 || status.peerRequestsThisMinute == 2)
        #expect(cluster.routers[1].peerCount(now: cluster.now) == 1)

        cluster.now = cluster.now.advanced(by: .seconds(15))
        cluster.routers[1].expirePeers(now: cluster.now)
        let used = status.peerRequestsThisMinute
        status = cluster.routers[1].status(now: cluster.now)[0]
        #expect(cluster.routers[1].peerCount(now: cluster.now) == 0)
        #expect(status.peerRequestsThisMinute == used)
        #expect(status.peerTokensThisMinute == 10)

        cluster.now = cluster.now.advanced(by: .seconds(60))
        cluster.routers[1].expirePeers(now: cluster.now)
        #expect(cluster.routers[1].status(now: cluster.now)[0].peerRequestsThisMinute == 0)
    }

    @Test func `a deployment that was measured elsewhere is no unknown`() {
        var cluster = Cluster(2) { $0.strategy = .latencyBased }
        cluster.letIn(0, 1)
        cluster.advance(400)
        cluster.endOne()
        cluster.report()
        cluster.advance(100)
        let estimates = cluster.routers.map { $0.status(now: cluster.now)[0].latencyEstimate }
        #expect(estimates[0] == 0.08)
        #expect(estimates[1] == 0.08)
    }

    @Test func `reports go out once a change, and all of them again when asked for`() {
        var cluster = Cluster(1, rpm: 10)
        #expect(cluster.routers[0].takeReports(now: cluster.now).isEmpty)
        cluster.letIn(0, 1)
        #expect(cluster.routers[0].takeReports(now: cluster.now).map(\.requests) == [1])
        #expect(cluster.routers[0].takeReports(now: cluster.now).isEmpty)
        cluster.routers[0].repeatReports()
        #expect(cluster.routers[0].takeReports(now: cluster.now).map(\.requests) == [1])
    }

    @Test func `a new configuration keeps what others told of deployments that stay`() {
        var cluster = Cluster(2, rpm: 10)
        cluster.letIn(0, 1)
        cluster.report()
        cluster.advance(100)
        let kept = deployment("d1") { $0.limits = .init(requestsPerMinute: 10) }
        let router = cluster.routers[1].reconfigured(
            settings: RouterSettings(), deployments: [deployment("new"), kept])
        #expect(router.status(now: cluster.now).map(\.peerRequestsThisMinute) == [0, 1])
        #expect(router.peerCount(now: cluster.now) == 1)
    }
}
