import Testing
import Time

@Suite struct InstantTests {
    @Test func `advancing and measuring are inverse`() {
        let start = Instant(unixMilliseconds: 1_700_000_000_000)
        #expect(start.advanced(by: .milliseconds(1500)).since(start) == .milliseconds(1500))
        #expect(start.advanced(by: .seconds(-2)).since(start) == .seconds(-2))
    }

    @Test func `arithmetic saturates at the ends of the line`() {
        #expect(Instant.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(Instant(unixMilliseconds: .max) == .distantFuture)
        #expect(Instant(nanoseconds: .min).since(.distantFuture) == Duration.nanoseconds(Int64.min))
    }
}
