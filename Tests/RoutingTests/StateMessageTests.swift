import TestSupport
import Testing
import Time

@testable import Routing

@Suite struct StateMessageTests {
    private static let instance = RouterInstance(name: "host-1", started: 1_767_607_200_123)

    private static var report: DeploymentReport {
        var report = DeploymentReport(deployment: DeploymentID("haiku \"eu\""), minute: 29_460_120)
        report.requests = 3
        report.tokens = 120
        report.inputTokens = 80
        report.outputTokens = 40
        report.reservedTokens = 55
        report.cooldownEnd = Instant(unixMilliseconds: 1_767_607_205_000)
        report.perToken = LatencyEstimate(seconds: 0.0415, samples: 10)
        report.firstToken = LatencyEstimate(seconds: 0.2, samples: 1)
        return report
    }

    @Test(
        arguments: [
            .heartbeat, .report(report), .report(DeploymentReport(deployment: DeploymentID("d"), minute: -1)),
        ] as [StateMessage.Content])
    func `what is written is read`(_ content: StateMessage.Content) throws {
        let message = StateMessage(content, from: Self.instance)
        #expect(try StateMessage(json: message.json()) == message)
    }

    @Test func `a cool-down is told to the end of its last millisecond`() throws {
        var report = Self.report
        report.cooldownEnd = Instant(nanoseconds: 1_767_607_205_000_000_001)
        let message = StateMessage(.report(report), from: Self.instance)
        guard case .report(let read) = try StateMessage(json: message.json()).content else { return }
        #expect(read.cooldownEnd == Instant(unixMilliseconds: 1_767_607_205_001))
    }

    @Test func `each instance and deployment has a key of its own`() {
        let keys = [
            StateMessage(.heartbeat, from: Self.instance).key,
            StateMessage(.report(Self.report), from: Self.instance).key,
        ]
        #expect(keys == [Array("host-1".utf8), Array("host-1 haiku \"eu\"".utf8)])
    }

    @Test func `members to come are left alone`() throws {
        let text = #"{"schema":"bedrock-relay.state.v1","instance":"a","started":1,"more":[{"x":null}]}"#
        #expect(
            try StateMessage(json: Array(text.utf8))
                == StateMessage(.heartbeat, from: RouterInstance(name: "a", started: 1)))
    }

    @Test(arguments: [
        (#"{"schema":"bedrock-relay.state.v2","instance":"a","started":1}"#, UnreadableState.unknownSchema),
        ("{}", .unknownSchema), ("[]", .unknownSchema), ("12", .unknownSchema), ("", .malformed), ("{", .malformed),
        (#"{"schema":"bedrock-relay.state.v1"}"#, .malformed),
        (#"{"schema":"bedrock-relay.state.v1","instance":"","started":1}"#, .malformed),
        (#"{"schema":"bedrock-relay.state.v1","instance":"a","started":1,"deployment":"d"}"#, .malformed),
        (
            #"{"schema":"bedrock-relay.state.v1","instance":"a","started":1,"deployment":"d","minute":1,"requests":-1}"#,
            .malformed
        ),
        (
            #"{"schema":"bedrock-relay.state.v1","instance":"a","started":1,"deployment":"d","minute":1,"tokens":1e18}"#,
            .malformed
        ),
        (
            #"{"schema":"bedrock-relay.state.v1","instance":"a","started":1,"deployment":"d","minute":1,"latency_per_token":3}"#,
            .malformed
        ),
    ])
    func `what makes no sense is refused`(_ text: String, _ error: UnreadableState) {
        #expect(throws: error) { try StateMessage(json: Array(text.utf8)) }
    }

    @Test func `damaged records are refused or read, and never upset a router`() {
        var random = SeededGenerator(seed: 11)
        let whole = StateMessage(.report(Self.report), from: Self.instance).json()
        let now = Instant(unixMilliseconds: 1_767_607_203_000)
        var deployment = deployment("haiku \"eu\"")
        deployment.limits = .init(requestsPerMinute: 10, tokensPerMinute: 1000)
        var settings = RouterSettings()
        settings.strategy = .usageBasedV2
        var router = Router(settings: settings, deployments: [deployment], chooser: SeededChooser(seed: 1))
        router.setSharing(true, now: now)
        for round in 0..<20_000 {
            var bytes = round % 2 == 0 ? Array(whole.prefix(Int.random(in: 0...whole.count, using: &random))) : whole
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
            }
            guard let message = try? StateMessage(json: bytes) else { continue }
            _ = router.adopt(message, as: RouterInstance(name: "me", started: 0), now: now)
            var session = router.begin(RoutingRequest(model: "g"), now: now)
            _ = router.nextStep(of: &session, now: now)
            if session.held != nil { router.finish(.abandoned, of: &session, now: now) }
        }
        #expect(router.peerCount(now: now) > 0)
        #expect(router.peerCount(now: now) <= PeerStates.mostPeers)
    }
}
