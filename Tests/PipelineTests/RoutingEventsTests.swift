import EventLoop
import Metrics
import Partitions
import Testing

@testable import Pipeline

@RequestPath
@Suite struct RoutingEventsTests {
    private let publisher = FakePublisher()

    private func events(linger: Duration) -> RoutingEvents {
        RoutingEvents(
            publisher: publisher, topic: "metrics", instance: "host-1",
            metrics: RelayMetrics(modelGroups: ["claude-3"]), linger: linger)
    }

    private func publish(_ offsets: Range<Int64>, to events: RoutingEvents) {
        for offset in offsets {
            let record = ConsumerRecord.request(PipelineFixture.body, offset: offset)
            let progress = RequestProgress(
                record: record, envelope: RequestEnvelope(record), taken: EventLoop.shared.now)
            events.publish(progress, outcome: .success, status: 200, cost: nil)
        }
    }

    @Test func `events wait for others to leave with, and leave in order`() {
        let events = events(linger: .seconds(3600))

        publish(0..<3, to: events)
        #expect(publisher.posted.isEmpty)
        let counters = String(decoding: events.metrics.prometheusText(gauges: GaugeSnapshot()), as: UTF8.self)
        #expect(counters.contains(/bedrock_relay_requests_total{.*} 3\n/))
        events.flush()

        #expect(publisher.posted.map(offset) == [0, 1, 2])
        events.flush()
        #expect(publisher.posted.count == 3)
    }

    @Test func `many leave at once`() {
        let events = events(linger: .seconds(3600))

        publish(0..<130, to: events)

        #expect(publisher.posted.map(offset) == Array(0..<128))
    }

    @Test func `an event leaves when its time is up`() async {
        let events = events(linger: .milliseconds(1))

        publish(0..<1, to: events)
        await publisher.untilPosted(1)
        publish(1..<2, to: events)
        await publisher.untilPosted(2)

        #expect(publisher.posted.map(offset) == [0, 1])
    }

    private func offset(_ record: ProducerRecord) -> Int? {
        record.valueText.firstMatch(of: /"offset":(\d+)/).flatMap { Int($0.1) }
    }
}
