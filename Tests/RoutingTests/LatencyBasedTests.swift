import ChatCompletions
import Routing
import Testing

@Suite struct LatencyBasedTests {
    private static func bench(count: Int = 2, _ adjust: (inout RoutingStrategyArguments) -> Void = { _ in }) -> Bench {
        Bench((1...count).map { deployment("d\($0)") }) {
            $0.strategy = .latencyBased
            $0.numRetries = 0
            adjust(&$0.strategyArguments)
        }
    }

    private static func answer(tokens: Int, firstToken: Double? = nil) -> AttemptOutcome {
        .success(
            usage: Usage(promptTokens: 10, completionTokens: tokens),
            timeToFirstToken: firstToken.map { .seconds($0) }, contentFiltered: false)
    }

    @Test func `seconds per completion token decide`() {
        var bench = Self.bench()
        bench.want("d1")
        _ = bench.serve("g", ["d1": [Self.answer(tokens: 100)]], latency: 4)
        _ = bench.serve("g", ["d2": [Self.answer(tokens: 5)]], latency: 1)
        #expect(bench.shares("g") == ["d1": 1])
        #expect(bench.router.status(now: bench.now).map(\.latencyEstimate) == [0.04, 0.2])
    }

    @Test func `a streamed request compares times to the first token`() {
        var bench = Self.bench()
        var stream = RoutingRequest(model: "g")
        stream.isStream = true
        bench.want("d1")
        _ = bench.serve(stream, ["d1": [Self.answer(tokens: 10, firstToken: 0.2)]], latency: 5)
        _ = bench.serve(stream, ["d2": [Self.answer(tokens: 10, firstToken: 1)]], latency: 2)
        #expect(bench.shares(stream) == ["d1": 1])
        #expect(bench.shares("g") == ["d2": 1])
    }

    @Test func `a percentile may stand for the mean`() {
        var bench = Self.bench(count: 1) { $0.ttftPercentile = 0.5 }
        var stream = RoutingRequest(model: "g")
        stream.isStream = true
        for seconds in [0.1, 9, 0.2, 9] {
            _ = bench.serve(stream, ["*": [Self.answer(tokens: 10, firstToken: seconds)]])
        }
        let (session, _) = bench.start(stream)
        #expect(session.latestReason == "lowest time to first token 0.2 s the only candidate")
    }

    @Test func `the cold are tried first, one call at a time, and keep no made-up sample`() {
        var bench = Self.bench(count: 3)
        bench.want("d1")
        _ = bench.serve("g", latency: 1)
        #expect(bench.shares("g").keys.sorted() == ["d2", "d3"])
        _ = bench.start("g")
        #expect(bench.shares("g") == ["d3": 1])
        _ = bench.start("g")
        #expect(bench.shares("g") == ["d1": 1])
        #expect(bench.router.status(now: bench.now)[1].latencyEstimate == nil)
    }

    @Test func `a burst on cold deployments spreads`() {
        var bench = Self.bench(count: 4)
        var counts: [String: Int] = [:]
        for _ in 0..<100 { counts[bench.start("g").step.name, default: 0] += 1 }
        #expect(counts.values.allSatisfy { $0 == 25 })
    }

    @Test func `calls in flight make the fastest look slower`() {
        var bench = Self.bench()
        bench.want("d1")
        _ = bench.serve("g", latency: 1)
        _ = bench.serve("g", latency: 1.5)
        _ = bench.start("g")
        #expect(bench.shares("g") == ["d2": 1])
    }

    @Test func `a cold deployment that fails is not preferred, for a while`() {
        var bench = Self.bench()
        bench.want("d1")
        _ = bench.serve("g", ["d1": [.fails(500)]])
        _ = bench.serve("g", latency: 2)
        #expect(bench.shares("g") == ["d2": 1])
        bench.advance(31)
        #expect(bench.shares("g") == ["d1": 1])
    }

    @Test func `a timeout weighs more than another failure, but fades within minutes`() {
        var bench = Self.bench()
        bench.want("d1")
        _ = bench.serve("g", latency: 1)
        _ = bench.serve("g", latency: 3)
        _ = bench.serve("g", ["d1": [.fails(408)]])
        bench.advance(60)
        #expect(bench.shares("g") == ["d2": 1])
        bench.advance(300)
        #expect(bench.shares("g") == ["d1": 1])
    }

    @Test func `a deployment back from a cool-down gets one probe at a time`() {
        var bench = Self.bench()
        bench.want("d1")
        _ = bench.serve("g", latency: 1)
        _ = bench.serve("g", latency: 30)
        _ = bench.serve("g", ["d1": [.fails(429)]])
        bench.advance(120)
        let (_, step) = bench.start("g")
        #expect(step.name == "d1")
        #expect(bench.shares("g") == ["d2": 1])
    }

    @Test func `samples age one by one, and the list has an end`() {
        var bench = Self.bench(count: 1) {
            $0.ttl = .seconds(100)
            $0.maxLatencyListSize = 2
        }
        for latency in [10.0, 20, 40] { _ = bench.serve("g", latency: latency) }
        #expect(bench.router.status(now: bench.now)[0].latencyEstimate == 3)
        bench.advance(70)
        #expect(bench.router.status(now: bench.now)[0].latencyEstimate == 4)
        bench.advance(40)
        #expect(bench.router.status(now: bench.now)[0].latencyEstimate == nil)
    }

    @Test func `the buffer widens the choice`() {
        var bench = Self.bench { $0.lowestLatencyBuffer = 0.5 }
        bench.want("d1")
        _ = bench.serve("g", latency: 1)
        _ = bench.serve("g", latency: 1.4)
        #expect(bench.shares("g") == ["d1": 0.5, "d2": 0.5])
    }
}
