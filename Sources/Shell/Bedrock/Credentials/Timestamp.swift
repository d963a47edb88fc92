import Time

/// Reads an ISO 8601 time as AWS writes expiries: `2026-01-02T03:04:05Z`, with a fraction or an offset at times.
enum Timestamp {
    static func instant(_ text: String) -> Instant? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4], in: 1970...9999), let month = number(bytes[5..<7], in: 1...12),
            let day = number(bytes[8..<10], in: 1...31), let hour = number(bytes[11..<13], in: 0...23),
            let minute = number(bytes[14..<16], in: 0...59), let second = number(bytes[17..<19], in: 0...60),
            let offset = offset(fractionAndZone: bytes[19...])
        else { return nil }
        let days = UTCDate(year: Int64(year), month: month, day: day).daysSinceEpoch
        let seconds = days * 86_400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset)
        return Instant(unixMilliseconds: seconds * 1000)
    }

    /// Seconds east of UTC; a fraction before it makes no difference to an expiry.
    private static func offset(fractionAndZone: ArraySlice<UInt8>) -> Int? {
        var zone = fractionAndZone
        if zone.first == UInt8(ascii: ".") {
            let fraction = zone.dropFirst().prefix { isDigit($0) }
            guard !fraction.isEmpty else { return nil }
            zone = zone.dropFirst(1 + fraction.count)
        }
        if zone.elementsEqual([UInt8(ascii: "Z")]) { return 0 }
        guard let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let digits = zone.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 4, let hours = number(digits[0..<2], in: 0...23),
            let minutes = number(digits[2..<4], in: 0...59)
        else { return nil }
        return (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func number(_ digits: some Collection<UInt8>, in range: ClosedRange<Int>) -> Int? {
        guard digits.allSatisfy(isDigit) else { return nil }
        return Int(String(decoding: Array(digits), as: UTF8.self)).flatMap { range.contains($0) ? $0 : nil }
    }
}
