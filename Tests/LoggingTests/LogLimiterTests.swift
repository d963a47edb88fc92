import Testing

@testable import Logging

@Suite struct LogLimiterTests {
    let start = ContinuousClock.now
    var limiter = LogLimiter()

    private func key(_ key: String?, event: String = "lost") -> LogLimiter.Key {
        LogLimiter.Key(level: .warning, event: event, key: key)
    }

    @Test mutating func `a window lets the first lines through and counts the rest`() {
        let admitted = (0..<8).map { _ in limiter.admits(key("a"), now: start) }

        let end = limiter.nextEnd
        let early = limiter.closeWindows(endedBy: start + .seconds(9))
        let summaries = limiter.closeWindows(endedBy: start + LogLimiter.window)
        let admittedAgain = limiter.admits(key("a"), now: start + LogLimiter.window)

        #expect(admitted == [true, true, true, true, true, false, false, false])
        #expect(end == start + LogLimiter.window)
        #expect(early.isEmpty)
        #expect(summaries == [.init(key: key("a"), suppressed: 3)])
        #expect(admittedAgain)
    }

    @Test mutating func `a window that held nothing back closes in silence`() {
        _ = limiter.admits(key("a"), now: start)
        let summaries = limiter.closeWindows(endedBy: nil)
        #expect(summaries.isEmpty)
        #expect(limiter.nextEnd == nil)
    }

    @Test mutating func `keys beyond the bound share one window per event`() {
        for number in 0..<LogLimiter.maximumKeys { _ = limiter.admits(key("\(number)"), now: start) }

        var admitted = 0
        for number in 0..<20 where limiter.admits(key("new \(number)"), now: start) { admitted += 1 }
        #expect(admitted == LogLimiter.linesPerWindow)
        let summaries = limiter.closeWindows(endedBy: nil)
        #expect(summaries == [.init(key: key(nil), suppressed: 15)])
    }
}
