import ChatCompletions
import Routing
import Testing

@Suite struct StrategyTests {
    private static func bench(_ strategy: RoutingStrategyName, _ deployments: [Deployment]) -> Bench {
        Bench(deployments) {
            $0.strategy = strategy
            $0.numRetries = 0
        }
    }

    private static func trio(_ adjust: (inout Deployment, Int) -> Void = { _, _ in }) -> [Deployment] {
        (1...3).map { number in deployment("d\(number)") { adjust(&$0, number) } }
    }

    @Suite struct SimpleShuffle {
        @Test func `one metric decides for the whole group: weight, else rpm, else tpm, else none`() {
            var deployments = trio { $0.parameters.tokensPerMinute = 1000 * $1 }
            #expect(bench(.simpleShuffle, deployments).shares("g")["d3"] == 0.5)
            deployments[0].parameters.requestsPerMinute = 1
            deployments[1].parameters.requestsPerMinute = 4
            #expect(bench(.simpleShuffle, deployments).shares("g") == ["d1": 0.2, "d2": 0.8])
            deployments[2].weight = 1
            #expect(bench(.simpleShuffle, deployments).shares("g") == ["d3": 1])
            #expect(bench(.simpleShuffle, Array(trio().dropLast())).shares("g") == ["d1": 0.5, "d2": 0.5])
        }
    }

    @Suite struct LeastBusy {
        @Test func `the fewest in flight win and equals share`() {
            var bench = bench(.leastBusy, trio())
            #expect(bench.shares("g").count == 3)
            _ = bench.start("g")
            #expect(bench.shares("g") == ["d2": 0.5, "d3": 0.5])
        }

        @Test func `a failure releases as well`() {
            var bench = bench(.leastBusy, trio())
            _ = bench.serve("g", ["*": [.fails(500)]])
            #expect(bench.shares("g").count == 3)
        }
    }

    @Suite struct UsageBased {
        @Test func `the fewest tokens win, reserved ones included; v1 takes the first of equals`() {
            var second = bench(.usageBasedV2, trio())
            var first = bench(.usageBased, trio())
            #expect(first.shares("g") == ["d1": 1])
            #expect(second.shares("g").count == 3)
            _ = second.serve("g", ["*": [.tokens(100)]])
            #expect(second.shares("g").keys.sorted() == ["d2", "d3"])
            var request = RoutingRequest(model: "g")
            request.messageTokens = 8
            _ = first.start(request)
            #expect(first.shares("g") == ["d2": 1])
        }

        @Test(arguments: [RoutingStrategyName.usageBased, .usageBasedV2, .latencyBased, .costBased])
        func `rpm N admits N in each calendar minute`(strategy: RoutingStrategyName) {
            var bench = bench(strategy, [deployment("d1") { $0.limits.requestsPerMinute = 3 }])
            bench.advance(57)
            for _ in 0..<3 { #expect(bench.serve("g").end == "ok") }
            #expect(bench.serve("g").end == "429 rateLimit after 3")
            bench.advance(3)
            for _ in 0..<3 { #expect(bench.serve("g").end == "ok") }
        }

        @Test func `failures keep their request and give back their tokens`() {
            var bench = bench(.usageBasedV2, [deployment("d1")])
            var request = RoutingRequest(model: "g")
            request.messageTokens = 50
            _ = bench.serve(request, ["d1": [.fails(500)]])
            _ = bench.serve(request, ["d1": [.abandoned]])
            let status = bench.router.status(now: bench.now)[0]
            #expect((status.requestsThisMinute, status.tokensThisMinute, status.reservedTokens) == (2, 0, 0))
            #expect(status.inFlight == 0)
        }

        @Test func `tokens count in the minute in which the call ends`() {
            var bench = bench(.usageBasedV2, [deployment("d1")])
            bench.advance(58)
            _ = bench.serve("g", ["d1": [.tokens(50)]], latency: 5)
            let status = bench.router.status(now: bench.now)[0]
            #expect((status.requestsThisMinute, status.tokensThisMinute) == (0, 50))
        }

        @Test func `a group of one over its limit sleeps to the end of the minute, no longer`() {
            var bench = Bench([deployment("d1") { $0.limits.requestsPerMinute = 1 }]) { $0.strategy = .usageBasedV2 }
            _ = bench.serve("g", latency: 0.5)
            bench.advance(19.5)
            let story = bench.serve("g")
            #expect(story.sleeps == [.seconds(40)])
            #expect(story.end == "ok")
        }
    }

    @Suite struct CostBased {
        @Test func `the lowest price wins, zero is a price, and unknown is dear`() {
            let deployments = trio { deployment, number in
                if number > 1 { deployment.prices = .init(input: number == 3 ? 0 : 0.1, output: 0) }
            }
            #expect(bench(.costBased, deployments).shares("g") == ["d3": 1])
            #expect(bench(.costBased, Array(deployments.prefix(2))).shares("g") == ["d2": 1])
        }
    }

    @Suite struct RoundRobin {
        @Test func `turns follow the weights and are spread out`() {
            var bench = bench(.roundRobin, trio { $0.weight = [5, 1, 1][$1 - 1] })
            let turns = (0..<14).map { _ in bench.serve("g").calls[0] }
            #expect(turns.prefix(7) == ["d1", "d1", "d2", "d1", "d3", "d1", "d1"])
            #expect(turns.suffix(7) == turns.prefix(7))
        }

        @Test func `a preview takes no turn`() {
            var bench = bench(.roundRobin, trio())
            _ = bench.shares("g")
            #expect((0..<3).map { _ in bench.serve("g").calls[0] } == ["d1", "d2", "d3"])
        }
    }

    @Test func `a request may ask for another strategy`() {
        var request = RoutingRequest(model: "g")
        request.routingStrategy = .costBased
        let bench = Self.bench(.simpleShuffle, Self.trio())
        #expect(bench.shares(request) == ["d1": 1])
    }

    @Test func `a routing group gives its models a strategy and is itself a name`() {
        var settings = RouterSettings()
        settings.routingGroups = [
            .init(name: "fast", models: ["a", "b"], strategy: .costBased),
            .init(name: "ranked", models: ["c"], strategy: nil, modelPriorities: ["c": 2]),
        ]
        let deployments = [deployment("a1", "a"), deployment("a2", "a"), deployment("b1", "b"), deployment("c1", "c")]
        let bench = Bench(deployments) { $0 = settings }
        #expect(bench.shares("a") == ["a1": 1])
        #expect(bench.shares("fast") == ["a1": 1])
        #expect(bench.shares("ranked") == ["c1": 1])
    }

    @Test func `a session says why, when asked`() {
        var bench = Self.bench(.leastBusy, Self.trio())
        let (session, _) = bench.start("g")
        #expect(session.latestReason == "fewest in flight (0) of 3 candidates")
        #expect(session.strategy == .leastBusy)
    }
}
