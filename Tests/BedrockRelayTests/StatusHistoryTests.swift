import Metrics
import Testing
import Time

@testable import BedrockRelay

@Suite struct StatusHistoryTests {
    private let start = Instant(nanoseconds: 0)
    private var metrics = RelayMetrics(modelGroups: ["claude"])

    private func sample(_ seconds: Int) -> StatusHistory.Sample {
        StatusHistory.Sample(
            time: start.advanced(by: .seconds(seconds)),
            totals: ActivityTotals(metrics.families(gauges: GaugeSnapshot())))
    }

    private mutating func finish(_ count: Int, _ outcome: RoutingEvent.Outcome = .success) {
        for _ in 0..<count {
            metrics.record(
                RoutingEvent(
                    time: start, instance: "test", correlationID: "1",
                    source: RoutingEvent.Source(topic: "requests", partition: 0, offset: 0), modelGroup: "claude",
                    strategy: nil, outcome: outcome, status: 200,
                    latency: RoutingEvent.Latency(queue: .zero, wait: .zero, upstream: .zero, total: .seconds(1))))
        }
    }

    @Test mutating func `the window reaches from the oldest sample to now`() {
        let history = StatusHistory()
        finish(3)
        history.add(sample(0))
        finish(4)
        history.add(sample(5))
        finish(2, .error)

        let window = history.window(until: sample(7))

        #expect(window.length == .seconds(7))
        #expect(window.totals.total.success == 4)
        #expect(window.totals.total.error == 2)
    }

    @Test mutating func `each step of the series is what ended within it`() {
        let history = StatusHistory()
        history.add(sample(0))
        finish(4)
        finish(1, .invalid)
        history.add(sample(5))
        finish(2, .error)
        history.add(sample(10))

        let series = history.series

        #expect(series.success == [4, 0])
        #expect(series.error == [0, 2])
        #expect(series.invalid == [1, 0])
    }

    @Test mutating func `what is older than five minutes is forgotten`() {
        let history = StatusHistory()
        for step in 0..<100 {
            history.add(sample(step * 5))
            finish(1)
        }

        #expect(history.series.success.count == StatusHistory.steps)
        #expect(history.window(until: sample(500)).length == .seconds(305))
    }

    @Test func `without a sample yet everything is new`() {
        let window = StatusHistory().window(until: sample(0))

        #expect(window.totals.total.success == 0)
        #expect(window.length > .zero)
    }
}
