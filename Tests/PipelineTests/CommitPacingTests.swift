import Testing
import Time

@testable import Pipeline

@Suite struct CommitPacingTests {
    private let start = Instant(nanoseconds: 0)
    private var later: Instant { start.advanced(by: .milliseconds(1)) }

    @Test func `the first request to finish is committed at once, and takes along those of the same moment`() {
        var pacing = CommitPacing()
        #expect(pacing.finished(now: start) == start)
        #expect(pacing.finished(now: start) == nil)
    }

    @Test func `what finishes while a commit is under way is committed after it, not sooner than the interval`() {
        var pacing = CommitPacing()
        _ = pacing.finished(now: start)
        pacing.begun(now: start)
        #expect(pacing.finished(now: later) == nil)
        #expect(pacing.ended(isTaken: true, now: later) == start.advanced(by: CommitPacing.shortestInterval))
    }

    @Test func `after a quiet interval nothing waits`() {
        var pacing = CommitPacing()
        _ = pacing.finished(now: start)
        pacing.begun(now: start)
        #expect(pacing.ended(isTaken: true, now: later) == nil)
        let afterwards = start.advanced(by: CommitPacing.shortestInterval * 2)
        #expect(pacing.finished(now: afterwards) == afterwards)
    }

    @Test func `a refused commit is not repeated at once`() {
        var pacing = CommitPacing()
        _ = pacing.finished(now: start)
        pacing.begun(now: start)
        _ = pacing.finished(now: later)
        #expect(pacing.ended(isTaken: false, now: later) == nil)
        #expect(pacing.finished(now: later) != nil)
    }

    @Test func `a commit that found nothing to do lets the next one be scheduled`() {
        var pacing = CommitPacing()
        _ = pacing.finished(now: start)
        pacing.skipped()
        #expect(pacing.finished(now: later) == later)
    }

    @Test func `a commit that is never answered is replaced by the periodic one`() {
        var pacing = CommitPacing()
        _ = pacing.finished(now: start)
        pacing.begun(now: start)  // held by a rebalance and dropped with its partition
        let periodic = start.advanced(by: .milliseconds(200))
        pacing.begun(now: periodic)
        _ = pacing.finished(now: periodic)
        #expect(pacing.ended(isTaken: true, now: periodic) != nil)
    }
}
