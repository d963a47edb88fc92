import Testing
import Time

@testable import Bedrock

@Suite struct RefreshScheduleTests {
    private let start = Instant(unixMilliseconds: 1_767_607_200_000)

    private func schedule(lifetime: Duration, jitter: Double = 0) -> RefreshSchedule {
        RefreshSchedule(expiration: start.advanced(by: lifetime), fetched: start, jitter: jitter)
    }

    @Test func `keys of an hour are refreshed from 15 minutes before their end, and waited for from 10`() {
        let schedule = schedule(lifetime: .seconds(3600))
        let phases = [2699, 2700, 2999, 3000, 3599, 3600].map {
            schedule.phase(at: start.advanced(by: .seconds($0)))
        }
        #expect(phases == [.fresh, .advisory, .advisory, .mandatory, .mandatory, .expired])
    }

    @Test(arguments: [(-1.0, 2640), (1.0, 2760)])
    func `jitter moves the refresh by a minute at most`(_ jitter: Double, _ seconds: Int) {
        #expect(
            schedule(lifetime: .seconds(3600), jitter: jitter).refreshAt == start.advanced(by: .seconds(seconds)))
    }

    @Test func `short-lived keys are not refreshed without a pause`() {
        let schedule = schedule(lifetime: .seconds(900))
        #expect(schedule.refreshAt == start.advanced(by: .seconds(450)))
        #expect(schedule.phase(at: start.advanced(by: .seconds(599))) == .advisory)
        #expect(schedule.phase(at: start.advanced(by: .seconds(600))) == .mandatory)
    }

    @Test func `keys without an expiration last`() {
        let schedule = RefreshSchedule(expiration: nil, fetched: start, jitter: 1)
        #expect(schedule.refreshAt == nil)
        #expect(schedule.phase(at: .distantFuture) == .fresh)
    }

    @Test func `failures double the pause up to a minute`() {
        #expect([1, 2, 3, 7, 100].map(RefreshSchedule.retryDelay) == [1, 2, 4, 60, 60].map { .seconds($0) })
    }
}
