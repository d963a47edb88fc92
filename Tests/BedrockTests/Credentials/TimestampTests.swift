import Testing
import Time

@testable import Bedrock

@Suite struct TimestampTests {
    @Test(arguments: [
        "2026-01-05T10:00:00Z", "2026-01-05T10:00:00.123456Z", "2026-01-05T12:00:00+02:00", "2026-01-05T04:30:00-0530",
        "2026-01-05 10:00:00+00:00",
    ])
    func `every form of one time is read`(_ text: String) {
        #expect(Timestamp.instant(text) == Instant(unixMilliseconds: 1_767_607_200_000))
    }

    @Test(arguments: [
        "", "2026-01-05", "2026-01-05T10:00:00", "2026-13-05T10:00:00Z", "2026-01-05T10:00:00.Z",
        "2026-01-05T10:00:00+2", "2026-01-05T10:00:00Zx", "20x6-01-05T10:00:00Z",
    ])
    func `what is no time is none`(_ text: String) {
        #expect(Timestamp.instant(text) == nil)
    }
}
