/// The ASCII characters that JSON gives a meaning.
enum Byte {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let minus = UInt8(ascii: "-")
    static let zero = UInt8(ascii: "0")
    /// Below this, a string must escape.
    static let space = UInt8(ascii: " ")
    static let firstNonASCII: UInt8 = 0x80

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    /// The value of a hexadecimal digit in either case.
    static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}

extension Span where Element == UInt8 {
    /// The byte at `offset`, or 0 past the end: JSON has no NUL outside of escapes, so 0 matches nothing.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 { offset < count ? self[offset] : 0 }

    /// The end of the white space that begins at `offset`.
    @inline(__always)
    func endOfWhiteSpace(from offset: Int) -> Int {
        var at = offset
        while at < count {
            switch self[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return at
            }
        }
        return at
    }

    /// The end of the run of bytes from `offset` that a JSON string holds as they are, eight bytes a step.
    ///
    /// The run stops at a quote, a backslash and a control character, and before UTF-8 sequences where those
    /// are still to be checked (`stopsAtNonASCII`).
    @inline(__always)
    func endOfPlainRun(from offset: Int, stopsAtNonASCII: Bool) -> Int {
        var at = offset
        while at + 8 <= count {
            // Unsafe only for types with invalid bit patterns; the bounds are checked.
            let word = UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
            let special = Self.specialBytes(in: word, countingNonASCII: stopsAtNonASCII)
            if special != 0 { return at + special.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < count {
            let byte = self[at]
            if byte == Byte.quote || byte == Byte.backslash || byte < Byte.space
                || (stopsAtNonASCII && byte >= Byte.firstNonASCII)
            {
                return at
            }
            at += 1
        }
        return at
    }

    /// The high bit of each byte in `word` that ends a plain run; exact in the lowest one set.
    ///
    /// A subtraction sets a byte's high bit when it borrows, that is when the byte was smaller. Borrows spoil only
    /// bytes above one that is already marked.
    @inline(__always)
    private static func specialBytes(in word: UInt64, countingNonASCII: Bool) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let control = word &- ones &* 0x20
        let quote = (word ^ (ones &* 0x22)) &- ones
        let backslash = (word ^ (ones &* 0x5C)) &- ones
        let special = control | quote | backslash
        return (countingNonASCII ? special | word : special & ~word) & (ones &* 0x80)
    }

    @inline(__always)
    func hasPrefix(_ prefix: StaticString, at offset: Int) -> Bool {
        guard count - offset >= prefix.utf8CodeUnitCount else { return false }
        return prefix.withUTF8Buffer { expected in
            for index in 0..<expected.count where unsafe self[offset + index] != expected[index] { return false }
            return true
        }
    }

    /// Whether the bytes in `range` are all of `other`.
    @inline(__always)
    func equals(_ other: borrowing Span<UInt8>, in range: Range<Int>) -> Bool {
        range.count == other.count && equals(other, in: range, from: 0)
    }

    /// Whether the bytes in `range` are those of `other` from `offset` on.
    @inline(__always)
    func equals(_ other: borrowing Span<UInt8>, in range: Range<Int>, from offset: Int) -> Bool {
        for index in 0..<range.count where self[range.lowerBound &+ index] != other[offset &+ index] { return false }
        return true
    }
}

extension [UInt8] {
    /// Appends the bytes of `span` in `range`.
    @inline(__always)
    mutating func append(_ span: borrowing Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        unsafe span.extracting(range).withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
