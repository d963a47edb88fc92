/// One value of a `JSONDocument`: a cursor, cheap to copy.
public struct JSONValue: Sendable {
    public enum Kind: Sendable { case object, array, string, number, bool, null }

    let storage: JSONDocument.Storage
    let index: Int

    @inline(__always)
    var entry: TapeEntry { storage.tape[index] }
    @inline(__always)
    var firstByte: UInt8 { storage.bytes[Int(entry.start)] }

    public var kind: Kind {
        switch firstByte {
        case Byte.openBrace: .object
        case Byte.openBracket: .array
        case Byte.quote: .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    public var isObject: Bool { firstByte == Byte.openBrace }
    public var isArray: Bool { firstByte == Byte.openBracket }
    public var isString: Bool { firstByte == Byte.quote }
    public var isNumber: Bool { kind == .number }
    public var isNull: Bool { firstByte == UInt8(ascii: "n") }

    public var bool: Bool? {
        switch firstByte {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The whole value's source text, to copy into another document as it is.
    public var source: ArraySlice<UInt8> { storage.bytes[Int(entry.start)..<end] }

    private var end: Int {
        switch firstByte {
        case Byte.openBrace, Byte.openBracket: storage.tape[Int(entry.link)].end
        default: entry.end
        }
    }
}

// Strings.
extension JSONValue {
    /// The unescaped text of a string; nil for another kind.
    public var string: String? {
        guard let escapedText else { return nil }
        guard entry.hasEscapes else { return String(decoding: escapedText, as: UTF8.self) }
        return String(decoding: unescape(escapedText), as: UTF8.self)
    }

    /// The escaped text of a string, without its quotes, to copy into another JSON string as it is; nil for another kind.
    public var escapedText: ArraySlice<UInt8>? {
        isString ? storage.bytes[textRange] : nil
    }

    /// How long `escapedText` is; 0 for another kind.
    public var escapedByteCount: Int { isString ? textRange.count : 0 }

    /// Whether a string holds escape sequences, so that `escapedText` is not its text.
    public var hasEscapes: Bool { isString && entry.hasEscapes }

    /// Whether a string is empty or, unescaped, only white space.
    public var isBlankString: Bool {
        guard isString else { return false }
        let range = textRange
        guard !range.isEmpty else { return true }
        switch storage.bytes[range.lowerBound] {
        case 0x21...0x5B, 0x5D...0x7F: return false  // almost every text: it begins with a visible character
        default: return string?.unicodeScalars.allSatisfy(\.properties.isWhitespace) ?? false
        }
    }

    /// Whether a string's unescaped text equals `text`, without building a String.
    public func isString(_ text: String) -> Bool {
        let source = storage.bytes
        return isString && entry.isText(text.utf8.span, in: source.span)
    }

    /// Whether this is a non-empty string.
    public var isNonEmptyString: Bool { isString && !textRange.isEmpty }

    /// Where the text between the quotes of this value, which is a string, stands.
    @inline(__always)
    private var textRange: Range<Int> { entry.textRange }
}

extension TapeEntry {
    /// Where the text between a string's quotes stands.
    @inline(__always)
    var textRange: Range<Int> { Int(start) + 1..<end - 1 }

    /// Whether the unescaped text of this entry, which is a string in `source`, is `text`.
    @inline(__always)
    func isText(_ text: borrowing Span<UInt8>, in source: borrowing Span<UInt8>) -> Bool {
        if !hasEscapes { return source.equals(text, in: textRange) }
        return hasEscapedText(text, in: source)
    }

    private func hasEscapedText(_ text: borrowing Span<UInt8>, in source: borrowing Span<UInt8>) -> Bool {
        let unescaped = unescape(span: source.extracting(textRange))
        return unescaped.span.equals(text, in: unescaped.indices)
    }
}
