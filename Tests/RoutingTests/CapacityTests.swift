import Routing
import Testing
import Time

@Suite struct CapacityTests {
    private static func waiting(_ deployments: [Deployment], _ configure: (inout RouterSettings) -> Void = { _ in })
        -> Bench
    {
        Bench(deployments) {
            $0.onCapacityExhausted = .wait
            $0.strategy = .usageBasedV2
            configure(&$0)
        }
    }

    @Test(arguments: [
        (3, nil, nil, 7, 3), (nil, 4, nil, 7, 4), (nil, nil, 200, 7, 1), (nil, nil, 1500, 7, 9), (nil, nil, nil, 2, 2),
    ])
    func `slots are max_parallel_requests, else rpm, else six a thousand tpm, else the default`(
        own: Int?, rpm: Int?, tpm: Int?, general: Int, slots: Int
    ) {
        let one = deployment("d1") {
            $0.maxParallelRequests = own
            $0.parameters = .init(requestsPerMinute: rpm, tokensPerMinute: tpm)
        }
        var bench = Bench([one]) { $0.defaultMaxParallelRequests = general }
        for _ in 0..<slots { #expect(bench.start("g").step.name == "d1") }
        #expect(bench.serve("g").end == "429 parallelSlots")
        #expect(bench.router.status(now: bench.now)[0].parallelSlots == slots)
    }

    @Test func `a full deployment is no candidate while a sibling has a slot`() {
        var bench = Bench([deployment("d1") { $0.maxParallelRequests = 1 }, deployment("d2")])
        #expect(bench.start("g").step.name == "d1")
        #expect(bench.start("g").step.name == "d2")
        #expect(bench.start("g").step.name == "d2")
    }

    @Test func `a held request waits for the minute to end or for a call to finish, and consumes nothing`() {
        var bench = Self.waiting([deployment("d1") { $0.limits.requestsPerMinute = 1 }])
        _ = bench.serve("g")
        #expect(bench.serve("g").end == "hold 59.9 g")
        #expect(bench.router.status(now: bench.now)[0].requestsThisMinute == 1)
        #expect(bench.router.status(now: bench.now)[0].reservedTokens == 0)
    }

    @Test func `a held request goes on where it was held`() {
        var bench = Self.waiting([deployment("d1") { $0.maxParallelRequests = 1 }])
        var first = bench.start("g")
        var second = bench.start("g")
        guard case .hold(nil, let places) = second.step, places.map(\.group) == ["g"] else {
            Issue.record("\(second.step) instead of a hold without an end")
            return
        }
        bench.router.finish(.ok, of: &first.session, now: bench.now)
        #expect(bench.router.nextStep(of: &second.session, now: bench.now).name == "d1")
        bench.router.finish(.ok, of: &second.session, now: bench.now)
        #expect(bench.router.nextStep(of: &second.session, now: bench.now).name == "complete")
    }

    @Test func `a cool-down is waited for to its end`() {
        var bench = Self.waiting([deployment("d1"), deployment("d2")]) {
            $0.numRetries = 0
            $0.cooldownTime = .seconds(30)
        }
        _ = bench.serve("g", ["*": [.fails(429)]])
        bench.advance(1)
        _ = bench.serve("g", ["*": [.fails(429)]])
        #expect(bench.serve("g").end == "hold 28.9 g")
    }

    @Test func `retries that are left wait for the first deployment to come back`() {
        var bench = Self.waiting([deployment("d1"), deployment("d2")])
        var (session, _) = bench.start("g")
        bench.router.finish(.fails(429), of: &session, now: bench.now)
        #expect(bench.router.nextStep(of: &session, now: bench.now).name == "d2")
        bench.router.finish(.fails(429), of: &session, now: bench.now)
        var step = bench.router.nextStep(of: &session, now: bench.now)
        if case .sleep(let pause) = step {
            bench.now = bench.now.advanced(by: pause)
            step = bench.router.nextStep(of: &session, now: bench.now)
        }
        guard case .hold(let until?, _) = step else {
            Issue.record("\(step) instead of a hold")
            return
        }
        #expect(bench.router.nextStep(of: &session, now: until).name == "d1")
    }

    @Test func `an exhausted group falls back before it waits`() {
        let limited = [deployment("a1", "a"), deployment("b1", "b")].map { original in
            var deployment = original
            deployment.limits.requestsPerMinute = 1
            return deployment
        }
        var bench = Self.waiting(limited) { $0.fallbacks = lists(["a": ["b"]]) }
        #expect(bench.serve("a").calls == ["a1"])
        #expect(bench.serve("a").calls == ["b1"])
        #expect(bench.serve("a").end == "hold 59.8 a,b")
    }

    @Test func `what an upstream has refused is not held, nor what can never fit`() {
        var bench = Self.waiting([
            deployment("a1", "a"), deployment("b1", "b") { $0.limits.requestsPerMinute = 0 },
            deployment("c1", "c") { $0.limits.tokensPerMinute = 5 },
        ]) { $0.fallbacks = lists(["a": ["b"]]) }
        #expect(bench.serve("a", ["a1": [.fails(400)]]).end == "400 of 0")
        var none = RoutingRequest(model: "b")
        none.routingStrategy = .usageBasedV2
        #expect(bench.serve(none).end == "429 rateLimit")
        var request = RoutingRequest(model: "c")
        request.messageTokens = 6
        #expect(bench.serve(request).end == "429 rateLimit")
    }

    @Test func `tokens in flight count against the limit until they are settled`() {
        var bench = Bench([deployment("d1") { $0.limits.tokensPerMinute = 45 }]) {
            $0.strategy = .usageBasedV2
            $0.numRetries = 0
        }
        var request = RoutingRequest(model: "g")
        request.messageTokens = 20
        var first = bench.start(request)
        #expect(bench.start(request).step.name == "d1")
        #expect(bench.start(request).step.name == "fail")
        bench.router.finish(.tokens(4), of: &first.session, now: bench.now)
        #expect(bench.start(request).step.name == "d1")
    }

    @Test func `a deployment may book max_tokens when a call starts`() {
        var bench = Bench([
            deployment("d1") {
                $0.reservesOutputTokens = true
                $0.maxOutputTokens = 1000
            }
        ])
        var request = RoutingRequest(model: "g")
        request.messageTokens = 8
        _ = bench.start(request)
        #expect(bench.router.status(now: bench.now)[0].reservedTokens == 1008)
        request.maxOutputTokens = 100
        _ = bench.start(request)
        #expect(bench.router.status(now: bench.now)[0].reservedTokens == 1116)
    }

    @Test func `a deployment's own max_tokens is booked where the request does not say`() {
        var bench = Bench([
            deployment("d1") {
                $0.reservesOutputTokens = true
                $0.maxOutputTokens = 1000
                $0.defaultOutputTokens = 200
            }
        ])
        _ = bench.start("g")
        #expect(bench.router.status(now: bench.now)[0].reservedTokens == 200)
    }

    @Test func `a max_tokens beyond all measure is no more than never enough room`() {
        var limited = Bench([
            deployment("d1") {
                $0.reservesOutputTokens = true
                $0.limits.tokensPerMinute = 1_000_000
            }
        ]) { $0.strategy = .usageBasedV2 }
        var request = RoutingRequest(model: "g")
        request.messageTokens = 8
        request.maxOutputTokens = .max
        #expect(limited.serve(request).end == "429 rateLimit")

        var unlimited = Bench([deployment("d1") { $0.reservesOutputTokens = true }])
        var sessions = (0..<100).map { _ in unlimited.start(request).session }
        for index in sessions.indices { unlimited.router.finish(.ok, of: &sessions[index], now: unlimited.now) }
        #expect(unlimited.router.status(now: unlimited.now)[0].reservedTokens == 0)
    }

    @Test func `whatever is back first ends a wait: room, a cool-down, a limit`() {
        // One is over its limit for a minute, the other cools down for three seconds.
        var bench = Self.waiting([
            deployment("d1") { $0.cooldownTime = .seconds(3) }, deployment("d2") { $0.limits.requestsPerMinute = 1 },
        ]) {
            $0.strategy = .usageBasedV2
            $0.numRetries = 0
        }
        bench.want("d2")
        #expect(bench.serve("g").calls == ["d2"])
        #expect(bench.serve("g", ["d1": [.fails(429)]]).calls == ["d1"])
        #expect(bench.serve("g").end == "hold 3.0 g")
        bench.advance(3)
        #expect(bench.serve("g").calls == ["d1"])

        // One can never take the request, the other cools down.
        var small = Self.waiting([
            deployment("d1") { $0.cooldownTime = .seconds(3) }, deployment("d2") { $0.limits.tokensPerMinute = 10 },
        ]) {
            $0.strategy = .usageBasedV2
            $0.numRetries = 0
        }
        var request = RoutingRequest(model: "g")
        request.messageTokens = 60
        _ = small.serve(request, ["d1": [.fails(429)]])
        #expect(small.serve(request).end == "hold 3.0 g")

        // The first order is full until a call ends, the second cools down.
        var orders = Self.waiting([
            deployment("o1") {
                $0.order = 1
                $0.maxParallelRequests = 1
            },
            deployment("o2") {
                $0.order = 2
                $0.cooldownTime = .seconds(3)
            },
        ]) { $0.numRetries = 0 }
        let first = orders.start("g")
        #expect(first.step.name == "o1")
        _ = orders.serve("g", ["o2": [.fails(401)]])
        #expect(orders.serve("g").end == "hold 3.0 g")

    }

    @Test func `what the request may not go to is not waited for`() {
        var bench = Self.waiting([
            deployment("eu") {
                $0.region = "eu-west-1"
                $0.cooldownTime = .seconds(3)
            }, deployment("us") { $0.limits.tokensPerMinute = 10 },
        ]) {
            $0.strategy = .usageBasedV2
            $0.enablePreCallChecks = true
            $0.numRetries = 0
        }
        var request = RoutingRequest(model: "g")
        request.messageTokens = 60
        _ = bench.serve(request, ["eu": [.fails(401)]])
        #expect(bench.serve(request).end == "hold 3.0 g")
        request.allowedModelRegion = "us"
        #expect(bench.serve(request).end == "429 rateLimit")
    }

    @Test func `refused, a request learns of the first deployment that is back`() {
        var bench = Bench([
            deployment("d1") { $0.cooldownTime = .seconds(3) }, deployment("d2") { $0.limits.requestsPerMinute = 1 },
        ]) {
            $0.strategy = .usageBasedV2
            $0.numRetries = 0
        }
        bench.want("d2")
        _ = bench.serve("g")
        _ = bench.serve("g", ["d1": [.fails(429)]])
        #expect(bench.serve("g").end == "429 rateLimit after 3")
    }

    @Test func `requests wait in line with those that the same deployments can serve`() {
        let deployments = [
            deployment("d1") { $0.tags = ["x"] }, deployment("d2") { $0.tags = ["y"] },
            deployment("d3") { $0.region = "eu-west-1" },
        ]
        let bench = Bench(deployments) {
            $0.enableTagFiltering = true
            $0.enablePreCallChecks = true
            $0.modelGroupAlias = ["nick": "g"]
        }
        func places(_ model: String, _ change: (inout RoutingRequest) -> Void = { _ in }) -> [HoldPlace] {
            var request = RoutingRequest(model: model)
            change(&request)
            var router = bench.router
            return router.holdPlaces(of: router.begin(request, now: bench.now))
        }
        let whole = places("g")
        #expect(whole.map(\.group) == ["g"])
        #expect(places("nick") == whole)
        let tagged = places("g") { $0.tags = ["x"] }
        #expect(tagged == places("d1"))
        #expect(
            Set([whole, tagged, places("g") { $0.tags = ["y"] }, places("g") { $0.allowedModelRegion = "eu" }]).count
                == 4)
        #expect(places("g") { $0.routingStrategy = .usageBasedV2 } != whole)
        #expect(places("nobody").isEmpty)
    }

    @Test func `a hard limit that one order has used up leaves the next`() {
        let deployments = [1, 2].map { (order: Int) in
            deployment("o\(order)") {
                $0.order = order
                $0.limits.requestsPerMinute = order * order
            }
        }
        var bench = Bench(deployments + [deployment("f1", "f")]) {
            $0.enforceModelRateLimits = true
            $0.fallbacks = lists(["g": ["f"]])
        }
        #expect((0..<6).map { _ in bench.serve("g").calls } == [["o1"], ["o2"], ["o2"], ["o2"], ["o2"], ["f1"]])
    }

    /// d1 has all the weight and a hard limit, d2 neither.
    private static func hardLimited(_ requests: Int, _ settings: (inout RouterSettings) -> Void) -> Bench {
        let limited = deployment("d1") {
            $0.weight = 1
            $0.limits.requestsPerMinute = requests
        }
        return Bench([limited, deployment("d2")]) {
            $0.enforceModelRateLimits = true
            settings(&$0)
        }
    }

    @Test func `a hard limit benches for the rest of the minute, by the cool-down rules`() {
        var tolerant = Self.hardLimited(1) { $0.allowedFails = 1 }
        _ = tolerant.serve("g")
        for benched in [nil, 59.9] {
            #expect(tolerant.serve("g").end == "429 rateLimit after 60")
            #expect(tolerant.cooldown(of: "d1") == benched)
        }
        #expect(tolerant.serve("g").calls == ["d2"])
        tolerant.advance(60)
        #expect(tolerant.serve("g").calls == ["d1"])
    }

    @Test func `hard limits hold under any strategy; refused after the pick, the deployment is benched`() {
        var bench = Self.hardLimited(2) { $0.numRetries = 0 }
        for _ in 0..<2 { #expect(bench.serve("g").calls == ["d1"]) }
        #expect(bench.serve("g").end == "429 rateLimit after 60")
        #expect(bench.cooldown(of: "d1") == 59.8)
        var waiting = Self.hardLimited(2) { $0.onCapacityExhausted = .wait }
        for _ in 0..<2 { #expect(waiting.serve("g").calls == ["d1"]) }
        #expect(waiting.serve("g").calls == ["d2"])
    }

    @Test func `input and output tokens have limits of their own`() {
        var bench = Bench([deployment("d1") { $0.outputTokensPerMinute = 10 }]) {
            $0.enforceModelRateLimits = true
            $0.numRetries = 0
        }
        _ = bench.serve("g", ["d1": [.tokens(20)]])
        #expect(bench.serve("g").end == "429 rateLimit after 60")
    }
}
