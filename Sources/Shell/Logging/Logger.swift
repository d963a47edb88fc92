/// Writes one JSON object a line (or one line of text) per event on standard error.
///
/// Cheap to copy, callable from any thread. A line is formatted on the caller's thread, and only when its level is
/// enabled; it is written by a thread of the log's own, so that a slow reader of standard error holds up nobody: lines
/// that do not fit into the queue are dropped, counted, and the count is logged as soon as there is room.
public struct Logger: Sendable {
    public enum Level: String, CaseIterable, Sendable, Comparable {
        case debug, info, warning, error

        public static func < (left: Level, right: Level) -> Bool { left.severity < right.severity }

        private var severity: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    public enum Format: String, CaseIterable, Sendable { case json, text }

    /// A field's value. Secrets cannot be one: there is no case for them.
    public enum Value: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
        ExpressibleByBooleanLiteral
    {
        case string(String)
        case integer(Int)
        case double(Double)
        case bool(Bool)

        public init(stringLiteral value: String) { self = .string(value) }
        public init(integerLiteral value: Int) { self = .integer(value) }
        public init(floatLiteral value: Double) { self = .double(value) }
        public init(booleanLiteral value: Bool) { self = .bool(value) }
    }

    /// Receives whole lines, one or more at a time, line feeds included, on the log's own thread.
    public typealias Sink = @Sendable (_ lines: [UInt8]) -> Void

    /// A logger that writes nothing, for tests.
    public static let discard = Logger(level: .error, format: .json, queue: nil)

    /// Events below this level are not logged.
    public let level: Level
    private let format: Format
    private let queue: LogQueue.Handle?

    /// Logs to standard error.
    public init(level: Level, format: Format) {
        self.init(level: level, format: format, sink: StandardError.write)
    }

    /// Logs to `sink`.
    public init(level: Level, format: Format, sink: @escaping Sink) {
        self.init(level: level, format: format, queue: LogQueue.Handle(LogQueue(format: format, sink: sink)))
    }

    private init(level: Level, format: Format, queue: LogQueue.Handle?) {
        self.level = level
        self.format = format
        self.queue = queue
    }

    public func debug(_ event: String, _ fields: @autoclosure () -> KeyValuePairs<String, Value> = [:]) {
        log(.debug, event, fields)
    }

    /// With `limitedBy`: of one event and key, a few lines in ten seconds are written and the rest is counted in one.
    public func info(
        _ event: String, _ fields: @autoclosure () -> KeyValuePairs<String, Value> = [:], limitedBy key: String? = nil
    ) {
        log(.info, event, fields, limitedBy: key)
    }

    /// With `limitedBy`: of one event and key, a few lines in ten seconds are written and the rest is counted in one.
    public func warning(
        _ event: String, _ fields: @autoclosure () -> KeyValuePairs<String, Value> = [:], limitedBy key: String? = nil
    ) {
        log(.warning, event, fields, limitedBy: key)
    }

    /// With `limitedBy`: of one event and key, a few lines in ten seconds are written and the rest is counted in one.
    public func error(
        _ event: String, _ fields: @autoclosure () -> KeyValuePairs<String, Value> = [:], limitedBy key: String? = nil
    ) {
        log(.error, event, fields, limitedBy: key)
    }

    /// Whether an event of `level` would be written.
    public func isEnabled(_ level: Level) -> Bool { queue != nil && level >= self.level }

    /// Waits until everything logged so far is written, but at most `timeout`: for the program's end.
    public func flush(timeout: Duration = .seconds(2)) { queue?.queue.flush(timeout: timeout) }

    /// Lines lost so far because the queue was full.
    public var droppedLines: Int { queue?.queue.droppedLines ?? 0 }

    @inline(__always)
    private func log(
        _ level: Level, _ event: String, _ fields: () -> KeyValuePairs<String, Value>, limitedBy key: String? = nil
    ) {
        guard isEnabled(level), let queue = queue?.queue else { return }
        if let key, !queue.admits(level: level, event: event, key: key) { return }
        queue.append(LogLine.format(format, level: level, event: event, fields: fields()))
    }
}
