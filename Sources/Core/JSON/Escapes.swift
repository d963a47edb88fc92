/// The text that `escaped`, the inside of a JSON string, stands for, as UTF-8.
///
/// An escaped surrogate without its partner becomes U+FFFD. What is not an escape sequence stays as it is, so
/// this never fails.
public func unescape(_ escaped: some Collection<UInt8>) -> [UInt8] {
    let text = escaped.withContiguousStorageIfAvailable { unsafe unescape(span: $0.span) }
    return text ?? unescape(span: Array(escaped).span)
}

func unescape(span text: borrowing Span<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var at = 0
    while at < text.count {
        var plain = at
        while plain < text.count, text[plain] != Byte.backslash { plain += 1 }
        result.append(text, at..<plain)
        at = plain
        if at < text.count { at = appendEscape(at: at, of: text, to: &result) }
    }
    return result
}

/// Appends what the escape sequence at `offset` stands for and returns the offset behind it.
private func appendEscape(at offset: Int, of text: borrowing Span<UInt8>, to result: inout [UInt8]) -> Int {
    switch text.byte(at: offset + 1) {
    case UInt8(ascii: "\""): result.append(Byte.quote)
    case UInt8(ascii: "\\"): result.append(Byte.backslash)
    case UInt8(ascii: "/"): result.append(UInt8(ascii: "/"))
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"):
        guard let unit = codeUnit(at: offset, of: text) else {
            result.append(Byte.backslash)
            return offset + 1
        }
        if 0xD800...0xDBFF ~= unit, let low = codeUnit(at: offset + 6, of: text), 0xDC00...0xDFFF ~= low {
            append(scalar: 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), to: &result)
            return offset + 12
        }
        append(scalar: unit, to: &result)
        return offset + 6
    default:
        result.append(Byte.backslash)
        return offset + 1
    }
    return offset + 2
}

/// The UTF-16 code unit that a `\uXXXX` at `offset` names; nil if none stands there.
private func codeUnit(at offset: Int, of text: borrowing Span<UInt8>) -> UInt32? {
    guard text.byte(at: offset) == Byte.backslash, text.byte(at: offset + 1) == UInt8(ascii: "u") else { return nil }
    var unit: UInt32 = 0
    for index in offset + 2..<offset + 6 {
        guard let digit = Byte.hexValue(text.byte(at: index)) else { return nil }
        unit = unit << 4 | digit
    }
    return unit
}

private func append(scalar value: UInt32, to result: inout [UInt8]) {
    let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"  // nil: a surrogate without its partner
    result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
}
