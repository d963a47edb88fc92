/// Writes one JSON text into a byte buffer, placing commas itself.
///
/// Whether a comma is due shows in the last byte written: none after an opening bracket, a colon or nothing at all.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// Goes on where another writer was left: `bytes` are the beginning of a text.
    public init(continuing bytes: [UInt8], capacity: Int) {
        self.init(capacity: capacity)
        self.bytes += bytes
    }

    /// The text, given up by the writer.
    public consuming func finish() -> [UInt8] { bytes }

    /// Starts over, to write the next text into the same buffer.
    public mutating func removeAll(keepingCapacity: Bool = true) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
    }

    public mutating func beginObject() { separate(then: Byte.openBrace) }
    public mutating func endObject() { bytes.append(Byte.closeBrace) }
    public mutating func beginArray() { separate(then: Byte.openBracket) }
    public mutating func endArray() { bytes.append(Byte.closeBracket) }

    /// A member's key that needs no escaping.
    public mutating func key(_ key: StaticString) {
        separate(then: Byte.quote)
        key.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        bytes.append(Byte.quote)
        bytes.append(Byte.colon)
    }

    public mutating func key(text: String) {
        string(text)
        bytes.append(Byte.colon)
    }

    /// A member's key given as already escaped text (`JSONValue.escapedText`).
    @inlinable
    public mutating func key(escaped text: some Collection<UInt8>) {
        string(escaped: text)
        endKey()
    }

    public mutating func string(_ text: String) {
        beginString()
        append(text: text)
        endString()
    }

    /// A string given as already escaped text without quotes (`JSONValue.escapedText`).
    @inlinable
    public mutating func string(escaped text: some Collection<UInt8>) {
        beginString()
        append(escaped: text)
        endString()
    }

    @inlinable
    public mutating func integer(_ value: some BinaryInteger) {
        if let magnitude = UInt64(exactly: value.magnitude) {
            integer(magnitude: magnitude, isNegative: value < 0)
        } else {
            source(String(value).utf8)  // wider than 64 bits
        }
    }

    /// Shortest text that reads back the same; a value that is not finite becomes `null`.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }
    public mutating func null() { literal("null") }

    /// A whole value as source text (`JSONValue.source`).
    @inlinable
    public mutating func source(_ text: some Collection<UInt8>) {
        separate()
        append(escaped: text)
    }

    /// Continues a string in pieces: `beginString()`, `append`, `endString()`.
    public mutating func beginString() { separate(then: Byte.quote) }
    public mutating func endString() { bytes.append(Byte.quote) }
    @inlinable
    public mutating func append(escaped text: some Collection<UInt8>) {
        let done: Void? = text.withContiguousStorageIfAvailable { unsafe append(verbatim: $0.span) }
        if done == nil { append(verbatim: Array(text).span) }
    }
    public mutating func append(text: String) { append(utf8: text.utf8.span) }
    /// Continues a string with UTF-8 text that is still to be escaped.
    public mutating func append(utf8 text: borrowing Span<UInt8>) {
        var at = 0
        while true {
            let end = text.endOfPlainRun(from: at, stopsAtNonASCII: false)
            bytes.append(text, at..<end)
            guard end < text.count else { return }
            append(escapeOf: text[end])
            at = end + 1
        }
    }
}

extension JSONWriter {
    private mutating func literal(_ word: StaticString) {
        separate()
        word.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Writes the comma before a value or key, where one is due.
    @usableFromInline
    mutating func separate() {
        switch bytes.last {
        case nil, Byte.openBrace, Byte.openBracket, Byte.colon: break
        default: bytes.append(Byte.comma)
        }
    }

    @inline(__always)
    private mutating func separate(then byte: UInt8) {
        separate()
        bytes.append(byte)
    }

    @usableFromInline
    mutating func endKey() { bytes.append(Byte.colon) }

    @usableFromInline
    mutating func append(verbatim text: borrowing Span<UInt8>) { bytes.append(text, 0..<text.count) }

    @usableFromInline
    mutating func integer(magnitude: UInt64, isNegative: Bool) {
        separate()
        if isNegative { bytes.append(Byte.minus) }
        guard magnitude >= 10 else { return bytes.append(Byte.zero + UInt8(magnitude)) }
        var digits = InlineArray<20, UInt8>(repeating: Byte.zero)  // UInt64.max has 20
        var first = digits.count
        var rest = magnitude
        while rest > 0 {
            first -= 1
            digits[first] = Byte.zero + UInt8(rest % 10)
            rest /= 10
        }
        bytes.append(digits.span, first..<digits.count)
    }

    private mutating func append(escapeOf byte: UInt8) {
        bytes.append(Byte.backslash)
        switch byte {
        case Byte.quote, Byte.backslash: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(UInt8(ascii: "0") + byte >> 4)  // 0 or 1: only control characters come here
            bytes.append(Self.hexDigits[Int(byte & 0xF)])
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}

// Members in one call.
extension JSONWriter {
    public mutating func member(_ key: StaticString, _ value: String) {
        self.key(key)
        string(value)
    }
    /// `null` for nil.
    public mutating func member(_ key: StaticString, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
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
    @inlinable
    public mutating func member(_ key: StaticString, escaped value: some Collection<UInt8>) {
        self.key(key)
        string(escaped: value)
    }
    @inlinable
    public mutating func member(_ key: StaticString, source value: some Collection<UInt8>) {
        self.key(key)
        source(value)
    }
}
