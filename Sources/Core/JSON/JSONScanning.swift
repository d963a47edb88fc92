// Where one token of a JSON text ends, or why it is none.
extension Span where Element == UInt8 {
    /// The offset of a string's closing quote, and whether it holds escapes. `offset` is behind the opening quote.
    func endOfString(from offset: Int) throws(JSONError) -> (end: Int, hasEscapes: Bool) {
        var at = offset
        var hasEscapes = false
        while true {
            at = endOfPlainRun(from: at, stopsAtNonASCII: true)
            guard at < count else { throw JSONError(.unexpectedEnd, offset: at) }
            switch self[at] {
            case Byte.quote: return (at, hasEscapes)
            case Byte.backslash:
                hasEscapes = true
                at = try endOfEscape(from: at)
            case Byte.firstNonASCII...:
                repeat { at = try endOfNonASCIIScalar(from: at) } while byte(at: at) >= Byte.firstNonASCII
            default: throw JSONError(.unexpectedCharacter, offset: at)
            }
        }
    }

    /// The end of the escape sequence whose backslash is at `offset`.
    ///
    /// An escaped surrogate without its partner is accepted: it is in the grammar. It decodes to U+FFFD.
    private func endOfEscape(from offset: Int) throws(JSONError) -> Int {
        guard offset + 1 < count else { throw JSONError(.unexpectedEnd, offset: count) }
        switch self[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return offset + 2
        case UInt8(ascii: "u"):
            for digit in offset + 2..<offset + 6 {
                guard digit < count else { throw JSONError(.unexpectedEnd, offset: count) }
                guard Byte.hexValue(self[digit]) != nil else { throw JSONError(.invalidEscape, offset: offset) }
            }
            return offset + 6
        default: throw JSONError(.invalidEscape, offset: offset)
        }
    }

    /// The end of the UTF-8 sequence of two to four bytes at `offset` (Unicode, table 3-7: no overlong forms, no
    /// surrogates, nothing above U+10FFFF).
    private func endOfNonASCIIScalar(from offset: Int) throws(JSONError) -> Int {
        let length: Int
        let second: ClosedRange<UInt8>
        switch self[offset] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw JSONError(.invalidUTF8, offset: offset)
        }
        guard second.contains(byte(at: offset + 1)) else { throw JSONError(.invalidUTF8, offset: offset) }
        for index in 2..<Swift.max(length, 2) where byte(at: offset + index) & 0xC0 != 0x80 {
            throw JSONError(.invalidUTF8, offset: offset)
        }
        return offset + length
    }

    /// The end of the number at `offset`: minus, integer part without leading zeros, fraction, exponent.
    func endOfNumber(from offset: Int) throws(JSONError) -> Int {
        var at = offset
        if byte(at: at) == Byte.minus { at += 1 }
        if byte(at: at) == Byte.zero {
            at += 1
            guard !Byte.isDigit(byte(at: at)) else { throw JSONError(.invalidNumber, offset: offset) }
        } else {
            at = try endOfDigits(from: at, ofNumberAt: offset)
        }
        if byte(at: at) == UInt8(ascii: ".") { at = try endOfDigits(from: at + 1, ofNumberAt: offset) }
        if byte(at: at) | 0x20 == UInt8(ascii: "e") {
            at += 1
            if byte(at: at) == UInt8(ascii: "+") || byte(at: at) == Byte.minus { at += 1 }
            at = try endOfDigits(from: at, ofNumberAt: offset)
        }
        return at
    }

    /// The end of one or more digits.
    private func endOfDigits(from offset: Int, ofNumberAt start: Int) throws(JSONError) -> Int {
        var at = offset
        while Byte.isDigit(byte(at: at)) { at += 1 }
        guard at > offset else {
            throw at < count ? JSONError(.invalidNumber, offset: start) : JSONError(.unexpectedEnd, offset: at)
        }
        return at
    }

    /// The end of `word` (`true`, `false`, `null`), which must stand at `offset`.
    func endOfLiteral(_ word: StaticString, from offset: Int) throws(JSONError) -> Int {
        guard hasPrefix(word, at: offset) else { throw JSONError(.unexpectedCharacter, offset: offset) }
        return offset + word.utf8CodeUnitCount
    }
}
