/// Writes one JSON text into a byte buffer, placing commas itself.
///
/// A key, or a string that needs no escaping, is written in one go with its comma and quotes.
public struct JSONWriter: ~Copyable, Sendable {
    private var text: TextBuffer
    /// After a value or a container's end; not after an opening bracket, a colon or nothing at all.
    private var isCommaDue = false

    /// `capacity`: how many bytes are expected.
    public init(capacity: Int = 256) { text = TextBuffer(capacity: capacity) }

    /// Goes on where another writer was left: `bytes` are the beginning of a text.
    public init(continuing bytes: [UInt8], capacity: Int) {
        self.init(capacity: max(capacity, bytes.count))
        text.append(bytes.span)
        isCommaDue =
            switch bytes.last {
            case nil, Byte.openBrace, Byte.openBracket, Byte.colon: false
            default: true
            }
    }

    /// The text, given up by the writer.
    public consuming func finish() -> [UInt8] { text.finish() }

    /// How many bytes are written.
    public var count: Int { text.count }
    /// What is written so far.
    public var bytes: ArraySlice<UInt8> { text.bytes }

    /// Starts over, to write the next text into the same buffer.
    public mutating func removeAll() {
        text.removeAll()
        isCommaDue = false
    }

    public mutating func beginObject() { open(with: Byte.openBrace) }
    public mutating func endObject() { close(with: Byte.closeBrace) }
    public mutating func beginArray() { open(with: Byte.openBracket) }
    public mutating func endArray() { close(with: Byte.closeBracket) }

    /// A member's key that needs no escaping.
    public mutating func key(_ key: StaticString) {
        text.append(key: key, comma: isCommaDue)
        isCommaDue = false
    }

    public mutating func key(text: String) {
        string(text)
        endKey()
    }

    /// A member's key given as already escaped text (`JSONValue.escapedText`).
    @inlinable
    public mutating func key(escaped text: some Collection<UInt8>) {
        string(escaped: text)
        endKey()
    }

    public mutating func string(_ text: String) {
        let text = text.utf8.span
        guard text.endOfPlainRun(from: 0, stopsAtNonASCII: false) == text.count else {
            beginString()
            append(utf8: text)
            return endString()
        }
        string(verbatim: text)
    }

    /// A string given as already escaped text without quotes (`JSONValue.escapedText`).
    @inlinable
    public mutating func string(escaped text: some Collection<UInt8>) {
        let done: Void? = text.withContiguousStorageIfAvailable { unsafe string(verbatim: $0.span) }
        if done == nil { string(verbatim: Array(text).span) }
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
        text.append(value.description.utf8.span)
    }

    /// `thousandths` / 1000, exactly: 1500 is `1.5`, 2000 is `2.0`, as a `Double` would be written.
    public mutating func decimal(thousandths: Int64) {
        let (whole, fraction) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1000)
        integer(magnitude: whole, isNegative: thousandths < 0)
        let digits = (UInt8(fraction / 100), UInt8(fraction / 10 % 10), UInt8(fraction % 10))
        text.append(UInt8(ascii: "."))
        text.append(Byte.zero + digits.0)
        if digits.1 != 0 || digits.2 != 0 { text.append(Byte.zero + digits.1) }
        if digits.2 != 0 { text.append(Byte.zero + digits.2) }
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
    public mutating func beginString() {
        separate()
        text.append(Byte.quote)
    }
    public mutating func endString() { text.append(Byte.quote) }
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
            self.text.append(text.extracting(at..<end))
            guard end < text.count else { return }
            append(escapeOf: text[end])
            at = end + 1
        }
    }
}

extension JSONWriter {
    private mutating func literal(_ word: StaticString) {
        separate()
        text.append(word)
    }

    /// Writes the comma before a value, where one is due; behind the value one will be.
    @usableFromInline
    mutating func separate() {
        if isCommaDue { text.append(Byte.comma) }
        isCommaDue = true
    }

    private mutating func open(with bracket: UInt8) {
        separate()
        text.append(bracket)
        isCommaDue = false
    }

    private mutating func close(with bracket: UInt8) {
        text.append(bracket)
        isCommaDue = true
    }

    @usableFromInline
    mutating func endKey() {
        text.append(Byte.colon)
        isCommaDue = false
    }

    @usableFromInline
    mutating func string(verbatim text: borrowing Span<UInt8>) {
        self.text.append(quoting: text, comma: isCommaDue)
        isCommaDue = true
    }

    @usableFromInline
    mutating func append(verbatim text: borrowing Span<UInt8>) { self.text.append(text) }

    @usableFromInline
    mutating func integer(magnitude: UInt64, isNegative: Bool) {
        separate()
        if isNegative { text.append(Byte.minus) }
        guard magnitude >= 10 else { return text.append(Byte.zero + UInt8(magnitude)) }
        var digits = InlineArray<20, UInt8>(repeating: Byte.zero)  // UInt64.max has 20
        var first = digits.count
        var rest = magnitude
        while rest > 0 {
            first -= 1
            digits[first] = Byte.zero + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        text.append(digits.span.extracting(first...))
    }

    private mutating func append(escapeOf byte: UInt8) {
        text.append(Byte.backslash)
        switch byte {
        case Byte.quote, Byte.backslash: text.append(byte)
        case 0x08: text.append(UInt8(ascii: "b"))
        case 0x09: text.append(UInt8(ascii: "t"))
        case 0x0A: text.append(UInt8(ascii: "n"))
        case 0x0C: text.append(UInt8(ascii: "f"))
        case 0x0D: text.append(UInt8(ascii: "r"))
        default:
            text.append("u00")
            text.append(UInt8(ascii: "0") + byte >> 4)  // 0 or 1: only control characters come here
            text.append(Self.hexDigits[Int(byte & 0xF)])
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
