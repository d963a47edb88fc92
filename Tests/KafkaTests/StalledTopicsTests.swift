import Testing
import Time

@testable import Kafka

@Suite struct StalledTopicsTests {
    @Test func `a topic rests longer each time it took nothing, until it takes something`() {
        var topics = StalledTopics()
        var now = Instant(nanoseconds: 0)
        topics.note("away", now: now)
        topics.note("away", now: now)  // two records of one transaction are one failure
        #expect(topics.isResting("away", now: now) && !topics.isResting("here", now: now))
        now = now.advanced(by: .seconds(5))
        #expect(!topics.isResting("away", now: now))

        topics.note("away", now: now)
        now = now.advanced(by: .seconds(9))
        #expect(topics.isResting("away", now: now))

        topics.clear("away")
        #expect(!topics.isResting("away", now: now) && topics.isEmpty)
    }
}
