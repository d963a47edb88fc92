import Routing
import Testing

@Suite struct CooldownRuleTests {
    private static func pair(_ configure: (inout RouterSettings) -> Void = { _ in }) -> Bench {
        Bench([deployment("d1") { $0.weight = 1 }, deployment("d2") { $0.weight = 0 }]) {
            $0.numRetries = 0
            configure(&$0)
        }
    }

    @Test(arguments: [(429, true), (401, true), (402, true), (404, true), (400, false), (403, false), (422, false)])
    func `the first failure benches a deployment of two by its status`(status: Int, benches: Bool) {
        var bench = Self.pair()
        _ = bench.serve("g", ["*": [.fails(status)]])
        #expect((bench.cooldown(of: "d1") != nil) == benches)
    }

    @Test(arguments: [(429, false), (402, false), (401, true), (404, true)])
    func `a group of one is benched only for what no retry can mend`(status: Int, benches: Bool) {
        var bench = Bench([deployment("d1")]) { $0.numRetries = 0 }
        _ = bench.serve("g", ["*": [.fails(status)]])
        #expect((bench.cooldown(of: "d1") != nil) == benches)
    }

    @Test func `more than half of at least five attempts failing benches one of two`() {
        var bench = Self.pair()
        for _ in 0..<3 { _ = bench.serve("g") }
        for _ in 0..<3 { _ = bench.serve("g", ["*": [.fails(503)]]) }
        #expect(bench.cooldown(of: "d1") == nil)
        _ = bench.serve("g", ["*": [.fails(503)]])
        #expect(bench.cooldown(of: "d1") == 5)
    }

    @Test func `connection errors count like server errors`() {
        var bench = Self.pair()
        let refused = AttemptOutcome.failure(AttemptFailure(.apiConnection, status: 500))
        for _ in 0..<5 { _ = bench.serve("g", ["*": [refused]]) }
        #expect(bench.cooldown(of: "d1") != nil)
    }

    @Test func `a thousand failures without a success bench a group of one`() {
        var bench = Bench([deployment("d1")]) { $0.numRetries = 0 }
        for _ in 0..<999 { _ = bench.serve("g", ["*": [.fails(503)]], latency: 0.01) }
        #expect(bench.cooldown(of: "d1") == nil)
        _ = bench.serve("g", ["*": [.fails(503)]], latency: 0.01)
        #expect(bench.cooldown(of: "d1") != nil)
    }

    @Test(arguments: [1, 3])
    func `allowed_fails holds with any value, over a sliding minute`(allowed: Int) {
        var bench = Bench([deployment("d1")]) {
            $0.numRetries = 0
            $0.allowedFails = allowed
            $0.cooldownTime = .seconds(30)
        }
        for _ in 0..<allowed {
            _ = bench.serve("g", ["*": [.fails(500)]])
            bench.advance(12)
        }
        #expect(bench.cooldown(of: "d1") == nil)
        _ = bench.serve("g", ["*": [.fails(500)]])
        #expect(bench.cooldown(of: "d1") == 30)
    }

    @Test func `what is wrong with requests does not count against a deployment`() {
        var bench = Bench([deployment("d1")]) {
            $0.numRetries = 0
            $0.allowedFails = 1
        }
        for status in [400, 403, 422, 400] { _ = bench.serve("g", ["*": [.fails(status)]]) }
        _ = bench.serve("g", ["*": [.fails(503)]])
        #expect(bench.cooldown(of: "d1") == nil)
        _ = bench.serve("g", ["*": [.fails(503)]])
        #expect(bench.cooldown(of: "d1") == 5)
    }

    @Test func `failures older than a minute do not count`() {
        var bench = Bench([deployment("d1")]) {
            $0.numRetries = 0
            $0.allowedFails = 1
        }
        for _ in 0..<4 {
            _ = bench.serve("g", ["*": [.fails(500)]])
            bench.advance(61)
        }
        #expect(bench.cooldown(of: "d1") == nil)
    }

    @Test func `a policy counts by error class`() {
        var bench = Bench([deployment("d1")]) {
            $0.numRetries = 0
            $0.allowedFailsPolicy = FailurePolicy(counts: [.rateLimit: 1])
        }
        _ = bench.serve("g", ["*": [.fails(429)]])
        #expect(bench.cooldown(of: "d1") == nil)
        _ = bench.serve("g", ["*": [.fails(429)]])
        #expect(bench.cooldown(of: "d1") == 5)
    }

    @Test func `a deployment with a policy never comes to the default rule`() {
        let policy = FailurePolicy(counts: [.timeout: 100])
        var bench = Bench([deployment("d1") { $0.allowedFailsPolicy = policy }, deployment("d2")]) {
            $0.numRetries = 0
        }
        for benched in [false, false, false, true] {
            bench.want("d1")
            _ = bench.serve("g", ["d1": [.fails(429)]])
            #expect((bench.cooldown(of: "d1") != nil) == benched)
        }
    }

    @Test func `a deployment's own policy may name a client error, its plain number spares a group of one`() {
        let policy = FailurePolicy(counts: [.badRequest: 0])
        var named = Bench([deployment("d1") { $0.allowedFailsPolicy = policy }]) { $0.numRetries = 0 }
        _ = named.serve("g", ["*": [.fails(400)]])
        #expect(named.cooldown(of: "d1") == 5)

        var plain = Bench([deployment("d1") { $0.allowedFails = 0 }]) { $0.numRetries = 0 }
        _ = plain.serve("g", ["*": [.fails(500)]])
        #expect(plain.cooldown(of: "d1") == nil)
    }

    @Test(arguments: [(nil, 33.0, 33.0), (40.0, 33.0, 40.0), (nil, 7200.0, 600.0), (nil, nil, 9.0)])
    func `the length is the deployment's, else retry-after up to ten minutes, else the router's`(
        own: Double?, told: Double?, expected: Double
    ) {
        var bench = Bench([deployment("d1") { $0.cooldownTime = own.map { .seconds($0) } }, deployment("d2")]) {
            $0.numRetries = 0
            $0.cooldownTime = .seconds(9)
        }
        _ = bench.serve("g", ["*": [.fails(429, retryAfter: told)]])
        #expect(bench.cooldown(of: "d1") == expected)
    }

    @Test func `a length of zero, and disable_cooldowns, mean none`() {
        var zero = Bench([deployment("d1") { $0.cooldownTime = .zero }, deployment("d2")]) { $0.numRetries = 0 }
        _ = zero.serve("g", ["*": [.fails(429, retryAfter: 30)]])
        #expect(zero.cooldown(of: "d1") == nil)

        var disabled = Self.pair { $0.disableCooldowns = true }
        _ = disabled.serve("g", ["*": [.fails(429)]])
        #expect(disabled.cooldown(of: "d1") == nil)
    }

    @Test func `a second failure extends a cool-down and never shortens it`() {
        var bench = Self.pair { $0.cooldownTime = .seconds(10) }
        var first = bench.start("g")
        var second = bench.start("g")
        bench.router.finish(.fails(429), of: &first.session, now: bench.now)
        #expect(first.session.latestCooldown == .seconds(10))
        bench.advance(8)
        bench.router.finish(.fails(429), of: &second.session, now: bench.now)
        #expect(bench.cooldown(of: "d1") == 10)
    }

    @Test func `what the provider calls a misconfiguration benches at once`() {
        var bench = Bench([deployment("d1")]) { $0.numRetries = 0 }
        let failure = AttemptFailure(.badRequest, status: 400, coolsDown: true)
        _ = bench.serve("g", ["*": [.failure(failure)]])
        #expect(bench.cooldown(of: "d1") == 5)
    }

    @Test func `a model that is not there benches no wildcard, whose requests name it`() {
        var bench = Bench([deployment("d1", "any/*") { $0.model = "bedrock/*" }]) { $0.numRetries = 0 }
        let failure = AttemptFailure(.badRequest, status: 400, coolsDown: true)
        #expect(bench.serve("any/x.y", ["*": [.failure(failure)]]).end == "400 of 0")
        #expect(bench.cooldown(of: "d1") == nil)
    }

    @Test func `all benched is a 429 with the remaining seconds`() {
        var bench = Bench([deployment("d1"), deployment("d2")]) {
            $0.numRetries = 0
            $0.cooldownTime = .seconds(30)
        }
        _ = bench.serve("g", ["*": [.fails(429)]])
        _ = bench.serve("g", ["*": [.fails(429)]])
        bench.advance(2)
        #expect(bench.serve("g").end == "429 noDeployments after 28")
    }
}
