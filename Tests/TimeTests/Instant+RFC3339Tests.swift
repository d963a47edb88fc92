import Testing
import Time

@Suite struct InstantRFC3339Tests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
        (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
        (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-2_208_988_800_000, "1900-01-01T00:00:00.000Z"),
    ])
    func `an instant is written as a UTC time in milliseconds`(milliseconds: Int64, text: String) {
        #expect(Instant(unixMilliseconds: milliseconds).rfc3339 == text)
    }

    @Test func `the ends of the line can be written`() {
        #expect(Instant.distantFuture.rfc3339 == "2262-04-11T23:47:16.854Z")
        #expect(Instant(nanoseconds: .min).rfc3339 == "1677-09-21T00:12:43.145Z")
    }
}
