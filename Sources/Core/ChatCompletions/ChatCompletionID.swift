/// An answer's id: `chatcmpl-` and 32 hexadecimal digits of the caller's 128 random bits.
public struct ChatCompletionID: Hashable, Sendable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Written digit by digit: once per reply, and String formatting costs microseconds.
    public var description: String {
        let prefix: StaticString = "chatcmpl-"
        let length = prefix.utf8CodeUnitCount + 32
        return unsafe String(unsafeUninitializedCapacity: length) { buffer in
            var at = 0
            for index in 0..<prefix.utf8CodeUnitCount {
                unsafe buffer[at] = prefix.utf8Start[index]
                at += 1
            }
            for word in [high, low] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 0xF
                    unsafe buffer[at] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                    at += 1
                }
            }
            return at
        }
    }
}
