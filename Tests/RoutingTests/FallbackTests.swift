import ChatCompletions
import Routing
import Testing

@Suite struct FallbackTests {
    private static func groups(_ names: String..., settings: (inout RouterSettings) -> Void) -> Bench {
        Bench(names.map { deployment("\($0)1", $0) }) {
            $0.numRetries = 0
            settings(&$0)
        }
    }

    @Test(arguments: [400, 401, 403, 404, 408, 429, 500])
    func `every error falls back`(status: Int) {
        var bench = Self.groups("a", "b") { $0.fallbacks = lists(["a": ["b"]]) }
        let story = bench.serve("a", ["a1": [.fails(status)]])
        #expect(story.calls == ["a1", "b1"])
        #expect(story.fallbacks == 1)
    }

    @Test func `lists are tried in order, each group once, nested ones first; the first group's error is the answer`() {
        var bench = Self.groups("a", "b", "c", "d") {
            $0.fallbacks = lists(["a": ["b", "d"], "b": ["c", "a"], "c": ["b"]])
        }
        let story = bench.serve("a", ["a1": [.fails(404)], "*": [.fails(500)]])
        #expect(story.calls == ["a1", "b1", "c1", "d1"])
        #expect(story.end == "404 of 0")
        #expect(story.fallbacks == 3)
    }

    @Test func `each group gets its own retries`() {
        var bench = Self.groups("a", "b", "c") {
            $0.fallbacks = lists(["a": ["b", "c"]])
            $0.numRetries = 2
        }
        #expect(bench.serve("a", ["*": [.fails(503)]]).calls.count == 9)
    }

    @Test func `max_fallbacks counts groups`() {
        var bench = Self.groups("a", "b", "c", "d") {
            $0.fallbacks = lists(["a": ["b", "c", "d"]])
            $0.maxFallbacks = 2
        }
        #expect(bench.serve("a", ["*": [.fails(500)]]).calls == ["a1", "b1", "c1"])
        var request = RoutingRequest(model: "a")
        request.maxFallbacks = 1
        #expect(bench.serve(request, ["*": [.fails(500)]]).calls == ["a1", "b1"])
    }

    @Test func `the star serves groups without a list, but not a list that is exhausted`() {
        var bench = Self.groups("a", "b", "z") { $0.fallbacks = lists(["a": ["b"], "*": ["z"]]) }
        #expect(bench.serve("b", ["b1": [.fails(500)]]).calls == ["b1", "z1"])
        #expect(bench.serve("a", ["*": [.fails(500)]]).calls == ["a1", "b1"])
        #expect(bench.serve("unheard-of").calls == ["z1"])
    }

    @Test func `an unknown model is a 400`() {
        var bench = Self.groups("a") { _ in }
        #expect(bench.serve("nope").end == "400 unknownModel")
    }

    @Test func `fallbacks apply to an alias, by its own name or the group's`() {
        var bench = Self.groups("a", "b") {
            $0.modelGroupAlias = ["nick": "a"]
            $0.fallbacks = lists(["a": ["b"]])
        }
        #expect(bench.serve("nick", ["a1": [.fails(500)]]).calls == ["a1", "b1"])
    }

    @Test func `a request's own list replaces the configured ones`() {
        var bench = Self.groups("a", "b", "c") { $0.fallbacks = lists(["a": ["b"]]) }
        var request = RoutingRequest(model: "a")
        request.fallbacks = [.init(group: "c", parameterEntry: 0)]
        #expect(bench.serve(request, ["a1": [.fails(500)]]).calls == ["a1", "c1"])
        request.fallbacks = []
        #expect(bench.serve(request, ["a1": [.fails(500)]]).calls == ["a1"])
        request.fallbacks = nil
        request.fallbackLists = lists(["a": ["c"]])
        #expect(bench.serve(request, ["a1": [.fails(500)]]).calls == ["a1", "c1"])
        request.disableFallbacks = true
        #expect(bench.serve(request, ["a1": [.fails(500)]]).calls == ["a1"])
    }

    @Test func `a request's list may be long`() {
        var bench = Bench([deployment("a1", "a"), deployment("b1", "b")]) { $0.numRetries = 0 }
        var request = RoutingRequest(model: "a")
        request.fallbacks = (0..<300_000).map { .init(group: "unknown-\($0)") } + [.init(group: "b")]
        #expect(bench.serve(request, ["a1": [.fails(503)]]).calls == ["a1", "b1"])
    }

    @Test func `the entry of the request's list comes back with the attempt`() throws {
        var bench = Self.groups("a", "b") { _ in }
        var request = RoutingRequest(model: "a")
        request.fallbacks = [.init(group: "b", parameterEntry: 3)]
        var (session, _) = bench.start(request)
        bench.router.finish(.fails(500), of: &session, now: bench.now)
        guard case .call(let attempt) = bench.router.nextStep(of: &session, now: bench.now) else {
            Issue.record("no call")
            return
        }
        #expect(attempt.parameterEntry == 3)
        #expect((attempt.group, attempt.fallback, attempt.retry) == ("b", 1, 0))
    }

    @Test func `context-window errors have their own lists where the setting exists`() {
        var own = Self.groups("a", "b", "c") {
            $0.fallbacks = lists(["a": ["b"]])
            $0.contextWindowFallbacks = lists(["a": ["c"]])
        }
        #expect(own.serve("a", ["a1": [.tooLong]]).calls == ["a1", "c1"])
        var none = Self.groups("a", "b", "c") {
            $0.fallbacks = lists(["a": ["b"]])
            $0.contextWindowFallbacks = lists(["x": ["c"]])
        }
        #expect(none.serve("a", ["a1": [.tooLong]]).calls == ["a1"])
        var absent = Self.groups("a", "b") { $0.fallbacks = lists(["a": ["b"]]) }
        #expect(absent.serve("a", ["a1": [.tooLong]]).calls == ["a1", "b1"])
    }

    @Test func `a filtered answer falls back only where the configuration says so`() {
        var bench = Self.groups("a", "b") { $0.contentPolicyFallbacks = lists(["a": ["b"]]) }
        #expect(bench.serve("a", ["a1": [.tokens(10, filtered: true)]]).calls == ["a1", "b1"])
        #expect(bench.serve("b", ["b1": [.tokens(10, filtered: true)]]).end == "ok")
    }

    @Test func `mock flags raise before the first call`() {
        var bench = Self.groups("a", "b", "c") {
            $0.numRetries = 2
            $0.fallbacks = lists(["a": ["b"]])
            $0.contentPolicyFallbacks = lists(["a": ["c"]])
        }
        var request = RoutingRequest(model: "a")
        request.mockFallbacks = true
        #expect(bench.serve(request).calls == ["b1"])
        request = RoutingRequest(model: "a")
        request.mockContentPolicyFallbacks = true
        #expect(bench.serve(request).calls == ["c1"])
        request = RoutingRequest(model: "a")
        request.mockRateLimitError = true
        let story = bench.serve(request)
        #expect(story.calls == ["a1"])
        #expect(story.sleeps == [.milliseconds(500)])
        #expect(story.retries == 1)
        request = RoutingRequest(model: "b")
        request.mockFallbacks = true
        #expect(bench.serve(request).end == "500 mock")
    }

    @Test func `orders come before the list, each with its own retries, but not for context-window errors`() {
        let deployments = [1, 2, 3].map { (order: Int) in deployment("o\(order)") { $0.order = order } }
        var bench = Bench(deployments + [deployment("f1", "f")]) {
            $0.numRetries = 1
            $0.fallbacks = lists(["g": ["f"]])
        }
        let story = bench.serve("g", ["f1": [.ok], "*": [.fails(500)]])
        #expect(story.calls == ["o1", "o1", "o2", "o2", "o3", "o3", "f1"])
        #expect(story.fallbacks == 3)
        #expect(bench.serve("g", ["o1": [.tooLong]]).calls == ["o1", "f1"])
    }

    @Test func `the second order serves while the first cools down`() {
        var bench = Bench([deployment("p") { $0.order = 1 }, deployment("s") { $0.order = 2 }]) { $0.numRetries = 0 }
        #expect(bench.serve("g", ["p": [.fails(429)]]).calls == ["p", "s"])
        #expect(bench.serve("g").calls == ["s"])
    }

    @Test func `an order without room goes on to the next`() {
        let deployments = [
            deployment("p") {
                $0.order = 1
                $0.limits.requestsPerMinute = 1
            }, deployment("s") { $0.order = 2 },
        ]
        var bench = Bench(deployments) { $0.strategy = .usageBasedV2 }
        #expect(bench.serve("g").calls == ["p"])
        #expect(bench.serve("g").calls == ["s"])
    }

    @Test func `weighted failover tries every other deployment once before the list`() {
        let members = [("d1", 5.0), ("d2", 3), ("d3", 2)].map { id, weight in deployment(id) { $0.weight = weight } }
        var bench = Bench(members + [deployment("f1", "f")]) {
            $0.numRetries = 0
            $0.enableWeightedFailover = true
            $0.fallbacks = lists(["g": ["f"]])
        }
        bench.want("d2", "d1")
        #expect(bench.serve("g", ["f1": [.ok], "*": [.fails(500)]]).calls == ["d2", "d1", "d3", "f1"])
    }

    @Test(arguments: ["blocked", "small", "full"])
    func `weighted failover ends where nothing that is left can serve`(reason: String) {
        let other = deployment("d2") {
            $0.isBlocked = reason == "blocked"
            $0.maxInputTokens = reason == "small" ? 1 : nil
            $0.maxParallelRequests = reason == "full" ? 0 : nil
        }
        var bench = Bench([deployment("d1"), other, deployment("f1", "f")]) {
            $0.numRetries = 0
            $0.enablePreCallChecks = true
            $0.enableWeightedFailover = true
            $0.fallbacks = lists(["g": ["f"]])
        }
        var request = RoutingRequest(model: "g")
        request.inputTokens = 10
        #expect(bench.serve(request, ["d1": [.fails(500)]]).calls == ["d1", "f1"])
        request.disableFallbacks = true
        #expect(bench.serve(request, ["d1": [.fails(500)]]).end == "500 of 0")
    }

    @Test func `weighted failover goes through what is left of each order, once`() {
        let orders = [("d1", 1), ("d2", 1), ("d3", 2), ("d4", 2)].map { id, order in
            deployment(id) {
                $0.order = order
                $0.isBlocked = id == "d2" || id == "d4"
            }
        }
        var bench = Bench(orders) {
            $0.numRetries = 0
            $0.enableWeightedFailover = true
        }
        #expect(bench.serve("g", ["*": [.fails(500)]]).calls == ["d1", "d3"])
    }

    @Test func `an order that cools down is passed over for the next`() {
        let deployments = [1, 2, 3].map { (order: Int) in
            deployment("o\(order)") {
                $0.order = order
                $0.cooldownTime = .seconds(60)
            }
        }
        var bench = Bench(deployments) { $0.numRetries = 0 }
        _ = bench.serve("g", ["o1": [.fails(500)], "o2": [.fails(401)]])
        #expect(bench.serve("g", ["o1": [.fails(500)]]).calls == ["o1", "o3"])
    }

    @Test func `a group that cools down is passed over without a call`() {
        var bench = Self.groups("a", "b") { $0.fallbacks = lists(["a": ["b"]]) }
        _ = bench.serve("a", ["a1": [.fails(401)]])
        #expect(bench.serve("a").calls == ["b1"])
    }

    @Test func `a configured fallback's parameters come with its calls`() {
        var bench = Self.groups("a", "b") {
            $0.fallbacks = [.init(group: "a", targets: ["b"], parameters: ["b": Array("{}".utf8)])]
            $0.numRetries = 0
        }
        var (session, step) = bench.start("a")
        guard case .call(let first) = step else { return #expect(Bool(false)) }
        #expect(first.fallbackParameters == nil)
        bench.router.finish(.fails(500), of: &session, now: bench.now)
        step = bench.router.nextStep(of: &session, now: bench.now)
        guard case .call(let second) = step else { return #expect(Bool(false)) }
        #expect(second.fallbackParameters == Array("{}".utf8))
    }

    @Test func `a fallback's entry replaces the request's retries and timeout there`() {
        var overrides = FallbackOverrides()
        overrides.numRetries = 0
        overrides.timeout = .milliseconds(500)
        var request = RoutingRequest(model: "a")
        request.numRetries = 1
        request.timeout = .seconds(9)

        func expectReplaced(_ bench: inout Bench, _ request: RoutingRequest) {
            #expect(bench.serve(request, ["*": [.fails(503)]]).calls == ["a1", "a1", "b1"])
            bench.advance(60)
            var (session, step) = bench.start(request)
            var timeouts: [Duration] = []
            while true {
                switch step {
                case .call(let attempt):
                    timeouts.append(attempt.timeout)
                    bench.router.finish(.fails(503), of: &session, now: bench.now)
                case .sleep: break
                case .hold, .complete, .fail:
                    return #expect(timeouts == [.seconds(9), .seconds(9), .milliseconds(500)])
                }
                step = bench.router.nextStep(of: &session, now: bench.now)
            }
        }

        var configured = Self.groups("a", "b") {
            $0.fallbacks = [.init(group: "a", targets: ["b"], overrides: ["b": overrides])]
        }
        expectReplaced(&configured, request)
        var own = Self.groups("a", "b") { $0.fallbacks = [] }
        request.fallbacks = [.init(group: "b", overrides: overrides)]
        expectReplaced(&own, request)
    }
}
