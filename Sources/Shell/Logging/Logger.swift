/// Writes one JSON object a line (or one line of text) per event on standard error.
///
/// Cheap to copy, callable from any thread; formatting and writing happen off the caller's thread.
public struct Logger: Sendable {
    public enum Level: String, CaseIterable, Sendable { case debug, info, warning, error }
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

    public init(level: Level, format: Format) {}

    public func debug(_ event: String, _ fields: KeyValuePairs<String, Value> = [:]) {}
    public func info(_ event: String, _ fields: KeyValuePairs<String, Value> = [:]) {}
    public func warning(_ event: String, _ fields: KeyValuePairs<String, Value> = [:]) {}
    public func error(_ event: String, _ fields: KeyValuePairs<String, Value> = [:]) {}
}
