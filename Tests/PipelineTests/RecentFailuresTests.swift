import ChatCompletions
import Testing
import Time

@testable import Pipeline

@Suite struct RecentFailuresTests {
    private var failures = RecentFailures()

    private mutating func fail(_ status: Int, _ message: String, group: String? = "claude", at seconds: Int = 0) {
        failures.record(
            RecentFailures.Entry(
                RequestFailure(status: status, type: .server, message: message), isInvalid: false, modelGroup: group,
                source: "chat.requests/3/\(seconds)",
                attempts: (0..<seconds).map { RecentFailures.Attempt(model: "model-\($0)", status: status) },
                time: Instant(nanoseconds: 0).advanced(by: .seconds(seconds))))
    }

    @Test mutating func `the latest comes first`() {
        fail(500, "broken", at: 1)
        fail(429, "busy", at: 2)

        #expect(failures.entries.map(\.message) == ["busy", "broken"])
        #expect(failures.entries.map(\.source) == ["chat.requests/3/2", "chat.requests/3/1"])
    }

    @Test mutating func `a failure that is repeated is one entry with a count`() {
        fail(500, "broken", at: 1)
        fail(429, "busy", at: 2)
        for second in 3...9 { fail(500, "broken", at: second) }
        fail(500, "broken", group: nil, at: 10)

        #expect(failures.entries.map(\.count) == [1, 8, 1])
        #expect(failures.entries.map(\.modelGroup) == [nil, "claude", "claude"])
        #expect(failures.entries[1].source == "chat.requests/3/9")
        #expect(failures.entries[1].time == Instant(nanoseconds: 0).advanced(by: .seconds(9)))
    }

    @Test mutating func `their number and their words are bounded`() {
        for number in 0..<100 { fail(400, "\(number) " + String(repeating: "x", count: 10_000), at: number) }

        #expect(failures.entries.count == RecentFailures.capacity)
        #expect(failures.entries.first?.message.hasPrefix("99 ") == true)
        #expect(failures.entries.allSatisfy { $0.attempts.count <= 8 })
        #expect(failures.entries.allSatisfy { $0.message.utf8.count < 500 })
    }
}
