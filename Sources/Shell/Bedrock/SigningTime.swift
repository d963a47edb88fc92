import Time

/// An instant as Signature Version 4 writes it: `20260102T030405Z`, of which the first eight bytes are the date.
struct SigningTime: Hashable, Sendable {
    /// Whole seconds since the Unix epoch.
    let second: Int64
    let text: String
    /// The line as it is sent.
    let header: String
    /// `20260102`: what the credential scope and the signing key hold.
    let date: String

    init(_ instant: Instant) {
        self.init(second: UTCDate.second(of: instant))
    }

    private init(second: Int64) {
        let (days, secondOfDay) = second.quotientAndRemainder(flooringBy: 86_400)
        let date = UTCDate(daysSinceEpoch: days)
        var digits: [UInt8] = []
        digits.reserveCapacity(16)
        digits.append(decimal: date.year, width: 4)
        digits.append(decimal: Int64(date.month), width: 2)
        digits.append(decimal: Int64(date.day), width: 2)
        self.date = String(decoding: digits, as: UTF8.self)
        digits.append(UInt8(ascii: "T"))
        digits.append(decimal: secondOfDay / 3600, width: 2)
        digits.append(decimal: secondOfDay / 60 % 60, width: 2)
        digits.append(decimal: secondOfDay % 60, width: 2)
        digits.append(UInt8(ascii: "Z"))
        text = String(decoding: digits, as: UTF8.self)
        header = "X-Amz-Date: \(text)"
        self.second = second
    }
}

extension [UInt8] {
    fileprivate mutating func append(decimal value: Int64, width: Int) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
