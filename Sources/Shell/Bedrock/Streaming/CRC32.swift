/// The checksum of zlib and IEEE 802.3, which event streams use.
struct CRC32: Sendable {
    private var remainder: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~remainder }

    mutating func update(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) {
        let table = Self.table
        var remainder = remainder
        for index in range {
            remainder = table[Int(UInt8(truncatingIfNeeded: remainder) ^ bytes[index])] ^ (remainder >> 8)
        }
        self.remainder = remainder
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }
}
