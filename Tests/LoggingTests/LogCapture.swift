import Logging
import Threads

/// A sink that keeps what is logged, and can be made to hang.
final class LogCapture: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isBlocked = false
        var isWaiting = false
    }

    private let monitor = Monitor(State())

    var sink: Logger.Sink {
        { [self] lines in
            monitor.withLock { $0.isWaiting = $0.isBlocked }
            monitor.signal()
            _ = monitor.wait { $0.isBlocked ? nil : true }
            monitor.withLock { $0.bytes += lines }
            monitor.signal()
        }
    }

    var lines: [String] {
        let bytes = monitor.withLock { $0.bytes }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    func block() { monitor.withLock { $0.isBlocked = true } }

    /// Returns when the log's thread hangs in the sink.
    func waitUntilHanging() { _ = monitor.wait { $0.isWaiting ? true : nil } }

    func waitForText(_ isThere: @Sendable (String) -> Bool) {
        _ = monitor.wait { isThere(String(decoding: $0.bytes, as: UTF8.self)) ? true : nil }
    }

    func unblock() {
        monitor.withLock { $0.isBlocked = false }
        monitor.signal()
    }
}
