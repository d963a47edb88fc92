import Testing
import Threads

@Suite struct MonitorTests {
    @Test func `a waiting thread sees what another one changes`() {
        let monitor = Monitor(0)
        ServiceThread.start(name: "counter") {
            for _ in 0..<1000 {
                monitor.withLock { $0 += 1 }
                monitor.signal()
            }
        }

        let seen = monitor.wait { $0 == 1000 ? $0 : nil }

        #expect(seen == 1000)
    }

    @Test func `two threads lose no change`() {
        let monitor = Monitor((sum: 0, finished: 0))
        for _ in 0..<2 {
            ServiceThread.start(name: "counter") {
                for _ in 0..<10_000 { monitor.withLock { $0.sum += 1 } }
                monitor.withLock { $0.finished += 1 }
                monitor.signal()
            }
        }

        #expect(monitor.wait { $0.finished == 2 ? $0.sum : nil } == 20_000)
    }

    @Test(arguments: [Duration.seconds(-1), .zero, .milliseconds(1)])
    func `waiting ends with nothing when the time is over`(timeout: Duration) {
        let monitor = Monitor(0)
        #expect(monitor.wait(for: timeout) { $0 == 1 ? $0 : nil } == nil)
    }

    @Test func `an error leaves the lock free`() {
        struct Refused: Error {}
        let monitor = Monitor(0)
        #expect(throws: Refused.self) { try monitor.withLock { _ throws(Refused) in throw Refused() } }
        #expect(monitor.withLock { $0 } == 0)
    }
}
