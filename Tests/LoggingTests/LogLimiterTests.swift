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

        #expect(admitted == [true, true, true, true, true, false, false, false])
        #expect(limiter.nextEnd == start + LogLimiter.window)
        #expect(limiter.closeWindows(endedBy: start + .seconds(9)).isEmpty)
        #expect(
            limiter.closeWindows(endedBy: start + LogLimiter.window) == [.init(key: key("a"), suppressed: 3)])
        #expect(limiter.nextEnd == nil)
        #expect(limiter.admits(key("a"), now: start + LogLimiter.window))
    }

    @Test mutating func `a window that held nothing back closes in silence`() {
        #expect(limiter.admits(key("a"), now: start))
        #expect(limiter.closeWindows(endedBy: nil).isEmpty)
    }

    @Test mutating func `keys beyond the bound share one window per event`() {
        for number in 0..<LogLimiter.maximumKeys { _ = limiter.admits(key("\(number)"), now: start) }

        let admitted = (0..<20).count { limiter.admits(key("new \($0)"), now: start) }

        #expect(admitted == LogLimiter.linesPerWindow)
        #expect(limiter.closeWindows(endedBy: nil) == [.init(key: key(nil), suppressed: 15)])
    }
}
