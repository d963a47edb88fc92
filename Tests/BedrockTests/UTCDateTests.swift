import Testing
import Time

@testable import Bedrock

@Suite struct UTCDateTests {
    @Test func `days and dates convert into each other over eight centuries`() {
        var expected = UTCDate(year: 1600, month: 1, day: 1)
        for days in expected.daysSinceEpoch..<UTCDate(year: 2400, month: 3, day: 2).daysSinceEpoch {
            let date = UTCDate(daysSinceEpoch: days)
            #expect(date == expected)
            #expect(date.daysSinceEpoch == days)
            expected = Self.dayAfter(date)
        }
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (1_767_323_045, "20260102T030405Z"), (1_835_481_599, "20280229T235959Z"),
        (951_782_400, "20000229T000000Z"), (-1, "19691231T235959Z"),
    ])
    func `an instant is written as signatures need it`(_ second: Int64, _ text: String) {
        let time = SigningTime(Instant(unixMilliseconds: second * 1000))

        #expect(time.text == text)
        #expect(time.date == String(text.prefix(8)))
    }

    @Test func `an HTTP date is read`() {
        #expect(HTTPDate.instant("Sun, 06 Nov 1994 08:49:37 GMT") == Instant(unixMilliseconds: 784_111_777_000))
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:-9:37 GMT", "120",
    ])
    func `anything else is no HTTP date`(_ text: String) {
        #expect(HTTPDate.instant(text) == nil)
    }

    private static func dayAfter(_ date: UTCDate) -> UTCDate {
        let isLeap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        if date.day < lengths[date.month - 1] {
            return UTCDate(year: date.year, month: date.month, day: date.day + 1)
        }
        return date.month == 12
            ? UTCDate(year: date.year + 1, month: 1, day: 1) : UTCDate(year: date.year, month: date.month + 1, day: 1)
    }
}
