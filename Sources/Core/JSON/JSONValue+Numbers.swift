extension JSONValue {
    /// The number, if it is an integer that fits; `2.0` and `2e1` count as integers.
    public var integer: Int? {
        guard isNumber else { return nil }
        return Self.integer(storage.bytes[Int(entry.start)..<entry.end])
    }

    /// The number as the nearest Double; nil for another kind and for magnitudes beyond Double's range.
    public var double: Double? {
        guard isNumber, let value = Double(String(decoding: source, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// The exact integer that a JSON number's text stands for.
    ///
    /// Zeros wait until a digit follows, so that `1.000` and `100e-2` are as exact as `1`.
    private static func integer(_ text: ArraySlice<UInt8>) -> Int? {
        var magnitude: UInt = 0
        var zeros = 0
        var scale = 0
        var isFraction = false
        var at = text.startIndex
        let isNegative = text[at] == Byte.minus
        if isNegative { at += 1 }
        while at < text.endIndex {
            let byte = text[at]
            if byte | 0x20 == UInt8(ascii: "e") { break }
            at += 1
            guard Byte.isDigit(byte) else {
                isFraction = true
                continue
            }
            if isFraction { scale -= 1 }
            guard byte != Byte.zero else {
                zeros += 1
                continue
            }
            guard let shifted = shift(magnitude, by: zeros + 1) else { return nil }
            let (sum, overflow) = shifted.addingReportingOverflow(UInt(byte - Byte.zero))
            if overflow { return nil }
            magnitude = sum
            zeros = 0
        }
        guard magnitude != 0 else { return 0 }
        if at < text.endIndex {
            // An exponent that does not fit an Int is far out of range either way.
            guard let exponent = Int(String(decoding: text[(at + 1)...], as: UTF8.self)) else { return nil }
            scale = scale.addingReportingOverflow(exponent).partialValue
        }
        guard scale >= -zeros, scale <= 20, let shifted = shift(magnitude, by: scale + zeros) else { return nil }
        if isNegative { return shifted == Int.min.magnitude ? .min : Int(exactly: shifted).map { -$0 } }
        return Int(exactly: shifted)
    }

    private static func shift(_ magnitude: UInt, by digits: Int) -> UInt? {
        guard magnitude != 0 else { return 0 }
        var result = magnitude
        for _ in 0..<digits {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            result = product
        }
        return result
    }
}
