import Routing
import Testing
import Time

@Suite struct RouterTests {
    @Test(arguments: [
        ("real", "d1"), ("nick", "d1"), ("d2", "d2"), ("team-blue-x", "w1"), ("team-blue-x-tail", "w1"),
        ("bedrock/any.model", "w2"), ("bedrock/vendor.d1", "w2"),
    ])
    func `a name is an id, an alias, a group or matches a wildcard`(name: String, expected: String) {
        var wildcards = [deployment("w1", "team-*-x"), deployment("w2", "bedrock/*")]
        wildcards[1].model = "bedrock/*"
        var bench = Bench([deployment("d1", "real"), deployment("d2", "real")] + wildcards) {
            $0.modelGroupAlias = ["nick": "real", "d2": "team-a-x"]
        }
        let (_, step) = bench.start(name)
        #expect(step.name == expected)
        guard case .call(let attempt) = step else { return }
        #expect(attempt.group == name)
        if name == "bedrock/any.model" { #expect(attempt.model == "bedrock/any.model") }
    }

    @Test func `an attempt names the model that a wildcard stands for`() throws {
        let wildcard = deployment("d1", "any/*") { ($0.model, $0.modelID) = ("bedrock/us-east-1/x.*", "x.*") }
        var bench = Bench([wildcard])
        guard case .call(let attempt) = bench.start("any/large-v1:0").step else {
            Issue.record("expected a call")
            return
        }
        #expect(attempt.model == "bedrock/us-east-1/x.large-v1:0")
        #expect(attempt.modelID == "x.large-v1:0")
    }

    @Test func `tokens are counted only where something depends on them`() {
        func weighs(
            _ adjust: (inout Deployment) -> Void = { _ in }, _ configure: (inout RouterSettings) -> Void = { _ in }
        ) -> Bool {
            Bench([deployment("d1"), deployment("d2", "g", adjust)], configure).router.weighsTokens
        }
        #expect(!weighs())
        #expect(weighs({ $0.limits.tokensPerMinute = 1000 }))
        #expect(weighs({ $0.inputTokensPerMinute = 1000 }))
        #expect(weighs({ _ in }, { $0.enablePreCallChecks = true }))
        #expect(weighs({ _ in }, { $0.strategy = .usageBasedV2 }))
        #expect(!weighs({ _ in }, { $0.strategy = .latencyBased }))
        #expect(RoutingStrategyName.usageBased.weighsTokens)
    }

    @Test func `a deployment called by its id is used even while it cools down`() {
        var bench = Bench([deployment("d1"), deployment("d2")]) { $0.numRetries = 0 }
        _ = bench.serve("d2", ["d2": [.fails(429)]])
        #expect(bench.serve("d2").calls == ["d2"])
    }

    @Test func `a deployment's own model string is the last resort`() {
        var bench = Bench([deployment("d1")])
        #expect(bench.serve("bedrock/vendor.d1").calls == ["d1"])
    }

    @Test func `the most specific timeout wins`() throws {
        var one = deployment("d1")
        func timeout(_ request: RoutingRequest) throws -> Duration {
            var bench = Bench([one]) {
                $0.timeout = .seconds(5)
                $0.streamTimeout = .seconds(4)
                $0.requestTimeout = .seconds(6)
            }
            guard case .call(let attempt) = bench.start(request).step else { throw RouteFailure.Refusal.none }
            return attempt.timeout
        }
        var plain = RoutingRequest(model: "g")
        var stream = plain
        stream.isStream = true
        #expect(try timeout(plain) == .seconds(5))
        #expect(try timeout(stream) == .seconds(4))
        one.timeout = .seconds(3)
        #expect(try timeout(plain) == .seconds(3))
        #expect(try timeout(stream) == .seconds(3))
        one.streamTimeout = .seconds(2)
        #expect(try timeout(stream) == .seconds(2))
        plain.timeout = .seconds(1)
        stream.timeout = .seconds(1)
        #expect(try timeout(plain) == .seconds(1))
        #expect(try timeout(stream) == .seconds(1))
    }

    @Test func `without any setting an attempt may take 6000 seconds`() {
        var bench = Bench([deployment("d1")])
        guard case .call(let attempt) = bench.start("g").step else { return }
        #expect(attempt.timeout == .seconds(6000))
    }

    @Test func `a new configuration keeps what is known of deployments that stay`() {
        var bench = Bench([deployment("d1"), deployment("gone"), deployment("d2")]) { $0.numRetries = 0 }
        bench.want("gone")
        var (leaving, _) = bench.start("g")
        var (staying, _) = bench.start("d2")
        _ = bench.serve("g", ["d1": [.fails(429)]])
        let kept = [deployment("d2"), deployment("new"), deployment("d1")]
        var settings = RouterSettings()
        settings.strategy = .leastBusy
        bench.router = bench.router.reconfigured(settings: settings, deployments: kept)
        let status = bench.router.status(now: bench.now)
        #expect(status.map(\.inFlight) == [1, 0, 0])
        #expect(status[2].cooldownRemaining != nil)

        bench.router.finish(.ok, of: &staying, now: bench.now)
        bench.router.finish(.fails(500), of: &leaving, now: bench.now)
        #expect(bench.router.status(now: bench.now).allSatisfy { $0.inFlight == 0 })
        #expect(bench.router.nextStep(of: &staying, now: bench.now).name == "complete")
        #expect(["d2", "new"].contains(bench.router.nextStep(of: &leaving, now: bench.now).name))
    }

    @Test func `a request whose group is gone after a reload is a 400`() {
        var bench = Bench([deployment("d1"), deployment("o1", "other")]) { $0.numRetries = 1 }
        var (session, _) = bench.start("g")
        bench.router = bench.router.reconfigured(settings: RouterSettings(), deployments: [deployment("o1", "other")])
        bench.router.finish(.fails(503), of: &session, now: bench.now)
        guard case .fail(.attempt(0, let failure)) = bench.router.nextStep(of: &session, now: bench.now) else {
            Issue.record("the attempt's failure should be the answer")
            return
        }
        #expect(failure.status == 503)
    }

    @Test func `an abandoned request ends and releases what it held`() {
        var bench = Bench([deployment("d1")])
        var (session, _) = bench.start("g")
        bench.router.finish(.abandoned, of: &session, now: bench.now)
        #expect(bench.router.nextStep(of: &session, now: bench.now).name == "fail")
        #expect(bench.router.status(now: bench.now)[0].inFlight == 0)
    }
}

extension RouteFailure.Refusal {
    fileprivate static let none = Self(reason: .mock, failureClass: .api, status: 0, message: "")
}
