extension Instant {
    /// `2026-01-01T00:00:00.000Z`: UTC, in whole milliseconds, as logs and events write a time.
    public var rfc3339: String { String(decoding: rfc3339Bytes, as: UTF8.self) }

    /// The 24 bytes of `rfc3339`, without a String.
    public var rfc3339Bytes: [UInt8] {
        let milliseconds = nanoseconds.flooredDivision(by: 1_000_000)
        let seconds = milliseconds.quotient.flooredDivision(by: 1000)
        let days = seconds.quotient.flooredDivision(by: 86_400)
        let date = CivilDate(daysSinceEpoch: Int(days.quotient))
        let secondOfDay = Int(days.remainder)

        var text: [UInt8] = []
        text.reserveCapacity(24)
        text.append(digits: date.year, width: 4)
        text.append(UInt8(ascii: "-"))
        text.append(digits: date.month, width: 2)
        text.append(UInt8(ascii: "-"))
        text.append(digits: date.day, width: 2)
        text.append(UInt8(ascii: "T"))
        text.append(digits: secondOfDay / 3600, width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(digits: secondOfDay / 60 % 60, width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(digits: secondOfDay % 60, width: 2)
        text.append(UInt8(ascii: "."))
        text.append(digits: Int(seconds.remainder), width: 3)
        text.append(UInt8(ascii: "Z"))
        return text
    }
}

/// A day of the proleptic Gregorian calendar.
private struct CivilDate {
    let year: Int
    let month: Int
    let day: Int

    /// Counts in 400-year eras of 146,097 days from 1 March of year 0, so that the leap day is a year's last.
    init(daysSinceEpoch: Int) {
        let (era, dayOfEra) = (daysSinceEpoch + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }
}

extension SignedInteger {
    /// Division that rounds down, so that times before the epoch fall into the second, day and era they are in.
    fileprivate func flooredDivision(by divisor: Self) -> (quotient: Self, remainder: Self) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension [UInt8] {
    fileprivate mutating func append(digits value: Int, width: Int) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
