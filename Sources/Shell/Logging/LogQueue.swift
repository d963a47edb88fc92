import Synchronization
import Threads

/// Lines on their way to the sink: a bounded buffer, and the thread that empties it.
final class LogQueue: Sendable {
    /// What loggers hold. When the last one is gone the thread writes what is left and ends.
    final class Handle: Sendable {
        let queue: LogQueue
        /// Of the lowest level that is logged.
        private let severity: Atomic<Int>

        init(_ queue: LogQueue, level: Logger.Level) {
            self.queue = queue
            severity = Atomic(level.severity)
        }

        func takes(_ level: Logger.Level) -> Bool { level.severity >= severity.load(ordering: .relaxed) }
        func setLevel(_ level: Logger.Level) { severity.store(level.severity, ordering: .relaxed) }

        deinit { queue.close() }
    }

    private struct State {
        var lines: [UInt8] = []
        /// Lines dropped and not yet reported, and all of them.
        var unreported = 0
        var dropped = 0
        var isWriting = false
        var isClosed = false
        var limiter = LogLimiter()
    }

    /// About 5,000 lines.
    static let maximumBytes = 1 << 20

    private let format: Logger.Format
    private let monitor = Monitor(State())

    init(format: Logger.Format, sink: @escaping Logger.Sink) {
        self.format = format
        ServiceThread.start(name: "log") { [self] in drain(into: sink) }
    }

    var droppedLines: Int { monitor.withLock { $0.dropped } }

    func append(_ line: [UInt8]) {
        monitor.withLock { Self.append(line, to: &$0) }
        monitor.signal()
    }

    func admits(level: Logger.Level, event: String, key: String) -> Bool {
        let now = ContinuousClock.now
        return monitor.withLock { $0.limiter.admits(.init(level: level, event: event, key: key), now: now) }
    }

    func flush(timeout: Duration) {
        let summaries = monitor.withLock { $0.limiter.closeWindows(endedBy: nil) }
        for summary in summaries { append(line(for: summary)) }
        _ = monitor.wait(for: timeout) { state in
            state.lines.isEmpty && state.unreported == 0 && !state.isWriting ? true : nil
        }
    }

    fileprivate func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.signal()
    }

    private static func append(_ line: [UInt8], to state: inout State) {
        guard state.lines.count + line.count < maximumBytes else {
            state.unreported += 1
            state.dropped += 1
            return
        }
        state.lines.append(contentsOf: line)
        state.lines.append(UInt8(ascii: "\n"))
    }

    /// The thread's body: takes what has gathered, writes it without the lock, and again.
    private func drain(into sink: Logger.Sink) {
        while true {
            let windowEnd = monitor.withLock { $0.limiter.nextEnd }
            let batch = monitor.wait(for: windowEnd.map { $0 - .now }) { state in takeBatch(of: &state) }
            if let batch {
                guard !batch.isEmpty else { return }
                sink(batch)
            }
            let summaries = monitor.withLock { state in
                state.isWriting = false
                return state.limiter.closeWindows(endedBy: .now)
            }
            monitor.signal()
            for summary in summaries { append(line(for: summary)) }
        }
    }

    /// Everything queued, and what was lost; empty once the queue is closed; nil while there is nothing to do.
    private func takeBatch(of state: inout State) -> [UInt8]? {
        if state.lines.isEmpty && state.unreported == 0 { return state.isClosed ? [] : nil }
        var batch = state.lines
        state.lines = []
        if state.unreported > 0 {
            batch += LogLine.format(
                format, level: .warning, event: "log lines dropped", fields: ["count": .integer(state.unreported)])
            batch.append(UInt8(ascii: "\n"))
            state.unreported = 0
        }
        state.isWriting = true
        return batch
    }

    private func line(for summary: LogLimiter.Summary) -> [UInt8] {
        let count = Logger.Value.integer(summary.suppressed)
        let (level, event) = (summary.key.level, summary.key.event)
        guard let key = summary.key.key else {
            return LogLine.format(format, level: level, event: event, fields: ["suppressed": count])
        }
        return LogLine.format(
            format, level: level, event: event, fields: ["suppressed": count, "limited_by": .string(key)])
    }
}
