/// One entry of the index over a JSON text: a scalar, a key, or the opening or closing bracket of a container.
///
/// The byte at `start` tells which. Entries are in text order, so a container's content stands between its two.
struct TapeEntry: Sendable {
    /// Where the value begins in the text, quote or bracket included.
    let start: UInt32
    /// Of a scalar or closing bracket: where it ends, and in the top bit whether a string holds escapes.
    /// Of an opening bracket: the index of the closing bracket's entry.
    fileprivate(set) var link: UInt32

    static let escapesFlag: UInt32 = 1 << 31

    @inline(__always)
    var end: Int { Int(link & ~Self.escapesFlag) }
    @inline(__always)
    var hasEscapes: Bool { link & Self.escapesFlag != 0 }
}

/// The one pass over a JSON text that validates it and leaves the tape of its values.
///
/// It does not recurse: open containers form a list through their entries' links until they are closed.
struct JSONParser: ~Copyable {
    /// What may come next.
    private enum Expectation {
        case value
        case elementOrEnd
        case keyOrEnd
        case key
        case separator
    }

    /// An offset's top bit is a flag, so texts of 2 GiB and more are refused.
    static let maximumSize = Int(TapeEntry.escapesFlag) - 1
    private static let noContainer = UInt32.max

    private(set) var tape: [TapeEntry] = []
    private var position = 0
    private var depth = 0
    private var innermost = noContainer
    private let maximumDepth: Int

    init(maximumDepth: Int) { self.maximumDepth = maximumDepth }

    mutating func parse(_ text: borrowing Span<UInt8>) throws(JSONError) {
        guard text.count <= Self.maximumSize else { throw JSONError(.tooLarge, offset: Self.maximumSize) }
        // A chat request has a value or key per 20 to 40 bytes; long texts hold long strings.
        tape.reserveCapacity(min(text.count / 16 + 8, 1024))
        var expectation = Expectation.value
        while true {
            position = text.endOfWhiteSpace(from: position)
            let byte = text.byte(at: position)
            switch expectation {
            case .value: expectation = try value(text, byte)
            case .elementOrEnd:
                expectation = byte == Byte.closeBracket ? closeContainer() : try value(text, byte)
            case .keyOrEnd: expectation = byte == Byte.closeBrace ? closeContainer() : try key(text, byte)
            case .key: expectation = try key(text, byte)
            case .separator:
                if innermost == Self.noContainer {
                    guard position == text.count else { throw JSONError(.trailingCharacters, offset: position) }
                    return
                }
                expectation = try separator(text, byte)
            }
        }
    }

    @inline(__always)
    private mutating func value(_ text: borrowing Span<UInt8>, _ byte: UInt8) throws(JSONError) -> Expectation {
        switch byte {
        case Byte.quote: try string(text)
        case Byte.openBrace:
            try openContainer()
            return .keyOrEnd
        case Byte.openBracket:
            try openContainer()
            return .elementOrEnd
        case UInt8(ascii: "t"): scalar(endingAt: try text.endOfLiteral("true", from: position))
        case UInt8(ascii: "f"): scalar(endingAt: try text.endOfLiteral("false", from: position))
        case UInt8(ascii: "n"): scalar(endingAt: try text.endOfLiteral("null", from: position))
        case Byte.minus, UInt8(ascii: "0")...UInt8(ascii: "9"):
            scalar(endingAt: try text.endOfNumber(from: position))
        default: throw unexpected(text)
        }
        return .separator
    }

    @inline(__always)
    private mutating func key(_ text: borrowing Span<UInt8>, _ byte: UInt8) throws(JSONError) -> Expectation {
        guard byte == Byte.quote else { throw unexpected(text) }
        try string(text)
        position = text.endOfWhiteSpace(from: position)
        guard text.byte(at: position) == Byte.colon else { throw unexpected(text) }
        position += 1
        return .value
    }

    @inline(__always)
    private mutating func separator(_ text: borrowing Span<UInt8>, _ byte: UInt8) throws(JSONError) -> Expectation {
        let isObject = text[Int(tape[Int(innermost)].start)] == Byte.openBrace
        if byte == Byte.comma {
            position += 1
            return isObject ? .key : .value
        }
        guard byte == (isObject ? Byte.closeBrace : Byte.closeBracket) else { throw unexpected(text) }
        return closeContainer()
    }

    @inline(__always)
    private mutating func string(_ text: borrowing Span<UInt8>) throws(JSONError) {
        let (quote, hasEscapes) = try text.endOfString(from: position + 1)
        scalar(endingAt: quote + 1, flags: hasEscapes ? TapeEntry.escapesFlag : 0)
    }

    @inline(__always)
    private mutating func scalar(endingAt end: Int, flags: UInt32 = 0) {
        tape.append(
            TapeEntry(start: UInt32(truncatingIfNeeded: position), link: UInt32(truncatingIfNeeded: end) | flags))
        position = end
    }

    private mutating func openContainer() throws(JSONError) {
        guard depth < maximumDepth else { throw JSONError(.tooDeep, offset: position) }
        depth += 1
        let index = UInt32(truncatingIfNeeded: tape.count)
        tape.append(TapeEntry(start: UInt32(truncatingIfNeeded: position), link: innermost))
        innermost = index
        position += 1
    }

    private mutating func closeContainer() -> Expectation {
        let opened = Int(innermost)
        innermost = tape[opened].link
        tape[opened].link = UInt32(truncatingIfNeeded: tape.count)
        depth -= 1
        scalar(endingAt: position + 1)
        return .separator
    }

    private func unexpected(_ text: borrowing Span<UInt8>) -> JSONError {
        JSONError(position < text.count ? .unexpectedCharacter : .unexpectedEnd, offset: position)
    }
}
