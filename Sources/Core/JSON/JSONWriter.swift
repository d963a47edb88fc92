/// Writes one JSON text into a byte buffer, placing commas itself.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    public mutating func beginObject() { fatalError("skeleton") }
    public mutating func endObject() { fatalError("skeleton") }
    public mutating func beginArray() { fatalError("skeleton") }
    public mutating func endArray() { fatalError("skeleton") }
    /// A member's key that needs no escaping.
    public mutating func key(_ key: StaticString) { fatalError("skeleton") }
    public mutating func key(text: String) { fatalError("skeleton") }
    public mutating func string(_ text: String) { fatalError("skeleton") }
    /// A string given as already escaped text without quotes (`JSONValue.escapedText`).
    public mutating func string(escaped: some Collection<UInt8>) { fatalError("skeleton") }
    public mutating func integer(_ value: some BinaryInteger) { fatalError("skeleton") }
    /// Shortest text that reads back the same; a value that is not finite becomes `null`.
    public mutating func double(_ value: Double) { fatalError("skeleton") }
    public mutating func bool(_ value: Bool) { fatalError("skeleton") }
    public mutating func null() { fatalError("skeleton") }
    /// A whole value as source text (`JSONValue.source`).
    public mutating func source(_ text: some Collection<UInt8>) { fatalError("skeleton") }
    /// Continues a string in pieces: `beginString()`, `appendEscaped`/`append`, `endString()`.
    public mutating func beginString() { fatalError("skeleton") }
    public mutating func append(text: String) { fatalError("skeleton") }
    public mutating func append(escaped: some Collection<UInt8>) { fatalError("skeleton") }
    public mutating func endString() { fatalError("skeleton") }
}

extension JSONWriter {
    // Members in one call.
    public mutating func member(_ key: StaticString, _ value: String) {
        self.key(key)
        string(value)
    }
    public mutating func member(_ key: StaticString, _ value: Int) {
        self.key(key)
        integer(value)
    }
    public mutating func member(_ key: StaticString, _ value: Double) {
        self.key(key)
        double(value)
    }
    public mutating func member(_ key: StaticString, _ value: Bool) {
        self.key(key)
        bool(value)
    }
}
