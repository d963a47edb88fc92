import Logging
import Testing
import Threads

@Suite struct LoggerTests {
    let capture = LogCapture()

    @Test func `events below the level are neither written nor formatted`() {
        let log = Logger(level: .warning, format: .json, sink: capture.sink)
        var evaluations = 0
        func expensive() -> Logger.Value {
            evaluations += 1
            return 1
        }

        log.debug("a", ["n": expensive()])
        log.info("b", ["n": expensive()])
        log.warning("c", ["n": expensive()])
        log.error("d", ["n": expensive()])
        log.flush()

        #expect(evaluations == 2)
        #expect(capture.lines.count == 2)
        #expect(!log.isEnabled(.info) && log.isEnabled(.warning))
    }

    @Test func `lines of one thread keep their order`() {
        let log = Logger(level: .info, format: .text, sink: capture.sink)
        for number in 0..<2000 { log.info("line", ["n": .integer(number)]) }
        log.flush()

        #expect(capture.lines.map { $0.split(separator: "=").last.map(String.init) } == (0..<2000).map { "\($0)" })
    }

    @Test func `lines of several threads stay whole`() {
        let log = Logger(level: .info, format: .text, sink: capture.sink)
        let finished = Monitor(0)
        for _ in 0..<4 {
            ServiceThread.start(name: "writer") {
                for _ in 0..<200 { log.info("x", ["text": "0123456789"]) }
                finished.withLock { $0 += 1 }
                finished.signal()
            }
        }
        _ = finished.wait { $0 == 4 ? true : nil }
        log.flush()

        #expect(capture.lines.count == 800)
        #expect(capture.lines.allSatisfy { $0.hasSuffix("Z INFO    x text=0123456789") })
    }

    @Test func `a reader that hangs costs lines, not time, and the loss is said`() {
        let log = Logger(level: .info, format: .json, sink: capture.sink)
        capture.block()
        log.info("first")
        capture.waitUntilHanging()

        let long = Logger.Value.string(String(repeating: "x", count: 1000))
        for _ in 0..<2000 { log.info("more", ["text": long]) }
        let dropped = log.droppedLines
        capture.unblock()
        log.flush()

        #expect(dropped > 500 && dropped < 2000)
        let report = capture.lines.first { $0.contains("log lines dropped") }
        #expect(
            report?.hasSuffix("\"level\":\"warning\",\"event\":\"log lines dropped\",\"count\":\(dropped)}") == true)
        #expect(capture.lines.count == 1 + 2000 - dropped + 1)
    }

    @Test func `flush gives up on a reader that hangs`() {
        let log = Logger(level: .info, format: .json, sink: capture.sink)
        capture.block()
        log.info("held")
        log.flush(timeout: .milliseconds(1))
        #expect(capture.lines.isEmpty)
        capture.unblock()
    }

    @Test func `the last line is written after the last logger is gone`() {
        do {
            let log = Logger(level: .info, format: .text, sink: capture.sink)
            log.info("goodbye")
        }
        capture.waitForText { $0.hasSuffix("goodbye\n") }
        #expect(capture.lines.count == 1)
    }

    @Test func `repeats of a limited event are counted in one line`() {
        let log = Logger(level: .info, format: .json, sink: capture.sink)
        for _ in 0..<25 { log.warning("broker lost", ["broker": "b1"], limitedBy: "b1") }
        log.warning("broker lost", ["broker": "b2"], limitedBy: "b2")
        for _ in 0..<10 { log.warning("broker lost", ["broker": "b3"]) }
        log.flush()

        func count(of text: String) -> Int { capture.lines.count { $0.contains(text) } }
        #expect(count(of: "\"broker\":\"b1\"") == LogLimits.linesPerWindow)
        #expect(count(of: "\"suppressed\":\(25 - LogLimits.linesPerWindow),\"limited_by\":\"b1\"") == 1)
        #expect(count(of: "\"broker\":\"b2\"") == 1)
        #expect(count(of: "\"broker\":\"b3\"") == 10)
    }

    @Test func `the discarding logger writes nothing`() {
        Logger.discard.error("lost")
        Logger.discard.flush()
        #expect(!Logger.discard.isEnabled(.error))
        #expect(Logger.discard.droppedLines == 0)
    }
}

/// What the log promises about repeats.
private enum LogLimits { static let linesPerWindow = 5 }
