import Testing
import Time

@testable import Kafka

@Suite struct LogLimiterTests {
    @Test func `lines beyond the bound are counted and told of with the next one let through`() {
        var limiter = LogLimiter(linesPerInterval: 2, interval: .seconds(10))
        let start = Instant(nanoseconds: 0)
        let admitted = (0..<5).map { _ in limiter.admit(now: start) }
        #expect(admitted == [0, 0, nil, nil, nil])
        let next = limiter.admit(now: start.advanced(by: .seconds(10)))
        #expect(next == 3)
    }
}
