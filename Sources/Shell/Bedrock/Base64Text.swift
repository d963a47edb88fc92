/// Base64 whose bytes are looked at one by one, without decoding the whole.
struct Base64Text {
    let text: ArraySlice<UInt8>
    /// Of the bytes that the text stands for.
    let count: Int

    /// Nil for what is not base64, padded and without white space.
    init?(_ text: ArraySlice<UInt8>) {
        guard !text.isEmpty, text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        let isValid = text.dropLast(padding).withUnsafeBufferPointer { digits in
            for digit in digits where Self.values[Int(digit)] == Self.invalid { return false }
            return true
        }
        guard isValid else { return nil }
        self.text = text
        count = text.count / 4 * 3 - padding
    }

    /// The byte at `index`; nil past the end.
    subscript(index: Int) -> Int? {
        guard index >= 0, index < count else { return nil }
        let start = text.startIndex + index / 3 * 4 + index % 3
        let high = Int(Self.values[Int(text[start])])
        let low = Int(Self.values[Int(text[start + 1])])
        switch index % 3 {
        case 0: return high << 2 | low >> 4
        case 1: return (high & 0xF) << 4 | low >> 2
        default: return (high & 0x3) << 6 | low
        }
    }

    func hasPrefix(_ prefix: StaticString, at offset: Int = 0) -> Bool {
        let bytes = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
        return bytes.enumerated().allSatisfy { self[offset + $0.offset] == Int($0.element) }
    }

    /// `count` bytes from `offset` as a number.
    func number(at offset: Int, bytes count: Int, bigEndian: Bool) -> Int? {
        var number = 0
        for index in 0..<count {
            guard let byte = self[offset + (bigEndian ? index : count - 1 - index)] else { return nil }
            number = number << 8 | byte
        }
        return number
    }

    private static let invalid: UInt8 = 64
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, digit) in digits.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
}
