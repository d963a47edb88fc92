/// Writes frames of `application/vnd.amazon.eventstream`. Deliberately not the product's: what checks the product should
/// not share its mistakes.
enum EventFrame {
    /// An event of this type.
    static func event(_ type: StaticString, _ payload: [UInt8]) -> [UInt8] {
        frame(
            [(":event-type", type.description), (":content-type", "application/json"), (":message-type", "event")],
            payload)
    }

    /// An error of the service, which ends a stream.
    static func exception(_ type: String, _ payload: [UInt8]) -> [UInt8] {
        frame(
            [(":exception-type", type), (":content-type", "application/json"), (":message-type", "exception")], payload)
    }

    private static func frame(_ headers: [(name: String, value: String)], _ payload: [UInt8]) -> [UInt8] {
        var block: [UInt8] = []
        for (name, value) in headers {
            block.append(UInt8(name.utf8.count))
            block.append(contentsOf: name.utf8)
            block.append(7)
            block.append(UInt8(truncatingIfNeeded: value.utf8.count >> 8))
            block.append(UInt8(truncatingIfNeeded: value.utf8.count))
            block.append(contentsOf: value.utf8)
        }
        var frame: [UInt8] = []
        frame.append(word: UInt32(block.count + payload.count + 16))
        frame.append(word: UInt32(block.count))
        frame.append(word: checksum(frame))
        frame.append(contentsOf: block)
        frame.append(contentsOf: payload)
        frame.append(word: checksum(frame))
        return frame
    }

    /// CRC-32 as in zlib, half a byte at a time.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            value = value >> 4 ^ nibbles[Int(value & 15)]
            value = value >> 4 ^ nibbles[Int(value & 15)]
        }
        return ~value
    }

    private static let nibbles: [UInt32] = (0..<16).map { nibble in
        var value = UInt32(nibble)
        for _ in 0..<4 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
        return value
    }
}

extension [UInt8] {
    /// Big endian.
    fileprivate mutating func append(word: UInt32) {
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: word >> UInt32(shift))) }
    }
}
