import Testing
import Time

@testable import BedrockRelay

@Suite struct HealthTests {
    private let start = Instant(unixMilliseconds: 1_767_607_200_000)

    private func later(_ seconds: Int) -> Instant { start.advanced(by: .seconds(seconds)) }

    @Test func `a broker may be away for a minute`() {
        let health = Health(now: start)
        #expect(health.problem(now: later(60), lastTurn: later(60)) == nil)
        #expect(health.problem(now: later(61), lastTurn: later(61))?.contains("no Kafka broker") == true)
        health.sawBroker(now: later(61))
        #expect(health.problem(now: later(62), lastTurn: later(62)) == nil)
    }

    @Test func `a loop that does not come round is a problem`() {
        let health = Health(now: start)
        #expect(health.problem(now: later(11), lastTurn: start)?.contains("event loop") == true)
    }

    @Test func `a Kafka client that falls silent is a problem, however well its brokers are`() {
        let health = Health(now: start)
        health.sawBroker(now: later(100))
        #expect(health.problem(now: later(100), lastTurn: later(100)) == nil, "none was heard of yet")
        health.sawStatistics(now: later(100))
        health.sawBroker(now: later(170))
        #expect(health.problem(now: later(160), lastTurn: later(160)) == nil)
        #expect(health.problem(now: later(161), lastTurn: later(161))?.contains("Kafka client") == true)
        health.sawStatistics(now: later(162))
        #expect(health.problem(now: later(163), lastTurn: later(163)) == nil)
    }

    @Test func `a Kafka client that is asked for statistics seldom may be silent longer`() {
        let health = Health(now: start, statisticsInterval: .seconds(40))
        health.sawStatistics(now: start)
        health.sawBroker(now: later(121))
        #expect(health.problem(now: later(120), lastTurn: later(120)) == nil)
        #expect(health.problem(now: later(121), lastTurn: later(121)) != nil)
    }

    @Test func `ready once partitions were assigned, also when there were none to give, until it stops`() {
        let health = Health(now: start)
        #expect(health.notReady != nil)
        health.setAssignedPartitions(0)
        #expect(health.notReady == nil)
        health.setStopping()
        #expect(health.notReady == "shutting down")
    }
}
