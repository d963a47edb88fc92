import Metrics
import Testing
import Time

@Suite struct ActivityTotalsTests {
    @Test func `requests, tokens, cost and errors are told by model group`() throws {
        var metrics = RelayMetrics(modelGroups: ["claude", "quick"])
        metrics.record(.answered(group: "claude", deployment: "one", took: .seconds(1)))
        metrics.record(.answered(group: "claude", deployment: "two", took: .seconds(1)))
        metrics.record(.failed(group: "quick", deployment: "three", error: "RateLimitError"))
        let totals = ActivityTotals(metrics.families(gauges: GaugeSnapshot()))

        let claude = try #require(totals.groups.first { $0.name == "claude" })
        let quick = try #require(totals.groups.first { $0.name == "quick" })

        #expect((claude.success, claude.error, claude.invalid) == (2, 0, 0))
        #expect((claude.promptTokens, claude.completionTokens) == (20, 8))
        #expect(claude.cost == 0.5)
        #expect((quick.success, quick.error) == (0, 1))
        #expect(totals.errors == ["three": ["RateLimitError": 1]])
        #expect(totals.total.success == 2)
        #expect(totals.total.error == 1)
    }

    @Test func `what came since an earlier moment is the difference`() throws {
        var metrics = RelayMetrics(modelGroups: ["claude"])
        metrics.record(.failed(group: "claude", deployment: "one", error: "Timeout"))
        let earlier = ActivityTotals(metrics.families(gauges: GaugeSnapshot()))
        metrics.record(.answered(group: "claude", deployment: "one", took: .seconds(8)))
        let later = ActivityTotals(metrics.families(gauges: GaugeSnapshot()))

        let window = later.since(earlier)

        #expect(window.total.error == 0)
        #expect(window.total.success == 1)
        #expect(window.errors.isEmpty)
        #expect(try #require(window.total.durationQuantile(0.5)) > 5)
        #expect(later.since(later).total.durationQuantile(0.5) == nil)
    }

    @Test func `a quantile lies in the bucket that holds its request`() throws {
        var metrics = RelayMetrics(modelGroups: ["claude"])
        for _ in 0..<99 { metrics.record(.answered(group: "claude", deployment: "one", took: .milliseconds(200))) }
        metrics.record(.answered(group: "claude", deployment: "one", took: .seconds(40)))
        let total = ActivityTotals(metrics.families(gauges: GaugeSnapshot())).total

        let median = try #require(total.durationQuantile(0.5))
        let slowest = try #require(total.durationQuantile(1))

        #expect((0.1...0.25).contains(median))
        #expect((30...60).contains(slowest))
        #expect(try #require(total.durationQuantile(0)) == 0.1)
    }

    @Test func `what took longer than the last bound counts as the bound`() {
        var metrics = RelayMetrics(modelGroups: ["claude"])
        metrics.record(.answered(group: "claude", deployment: "one", took: .seconds(5000)))

        #expect(ActivityTotals(metrics.families(gauges: GaugeSnapshot())).total.durationQuantile(0.5) == 600)
    }
}

extension RoutingEvent {
    fileprivate static func answered(group: String, deployment: String, took: Duration) -> RoutingEvent {
        let deployment = Deployment(id: deployment, model: "model", region: nil)
        return RoutingEvent(
            group: group, outcome: .success, status: 200, deployment: deployment,
            attempt: Attempt(modelGroup: group, deployment: deployment, status: 200, started: .zero, latency: took),
            tokens: Tokens(prompt: 10, completion: 4, total: 14, cacheRead: 3), cost: 0.25, total: took)
    }

    fileprivate static func failed(group: String, deployment: String, error: String) -> RoutingEvent {
        let deployment = Deployment(id: deployment, model: "model", region: nil)
        return RoutingEvent(
            group: group, outcome: .error, status: 500, deployment: nil,
            attempt: Attempt(
                modelGroup: group, deployment: deployment, status: 500, errorType: error, started: .zero,
                latency: .milliseconds(1)),
            tokens: nil, cost: nil, total: .milliseconds(1))
    }

    private init(
        group: String, outcome: Outcome, status: Int, deployment: Deployment?, attempt: Attempt, tokens: Tokens?,
        cost: Double?, total: Duration
    ) {
        self.init(
            time: Instant(nanoseconds: 0), instance: "test", correlationID: "1",
            source: Source(topic: "requests", partition: 0, offset: 0), modelGroup: group, strategy: nil,
            outcome: outcome, status: status, deployment: deployment, attempts: [attempt], tokens: tokens, cost: cost,
            latency: Latency(queue: .zero, wait: .zero, upstream: total, total: total))
    }
}
