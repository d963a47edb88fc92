import TestSupport
import Testing

@testable import Partitions

@Suite struct OffsetTrackerTests {
    @Test func `the position waits for the lowest unfinished offset`() {
        var tracker = OffsetTracker()
        for offset in 10...13 { _ = tracker.deliver(Offset(Int64(offset))) }

        tracker.finish(Offset(11))
        tracker.finish(Offset(12))
        #expect(tracker.position == Offset(10))
        #expect(tracker.finishedBeyondPosition == 2)

        tracker.finish(Offset(10))
        #expect(tracker.position == Offset(13))
        tracker.finish(Offset(13))
        #expect(tracker.position == Offset(14))
    }

    @Test func `gaps of compaction and transactions do not hold the position`() {
        var tracker = OffsetTracker(position: Offset(0))
        for offset in [3, 9, 40] { _ = tracker.deliver(Offset(Int64(offset))) }
        tracker.finish(Offset(3))
        #expect(tracker.position == Offset(9))
        tracker.finish(Offset(40))
        tracker.finish(Offset(9))
        #expect(tracker.position == Offset(41))
    }

    @Test func `finishing twice or what was never delivered changes nothing`() {
        var tracker = OffsetTracker(position: Offset(5))
        _ = tracker.deliver(Offset(5))
        _ = tracker.deliver(Offset(6))
        let first = tracker.finish(Offset(6))
        let second = tracker.finish(Offset(6))
        let unknown = tracker.finish(Offset(7))
        #expect(first && !second && !unknown)
        #expect(tracker.position == Offset(5))
        #expect(tracker.unfinishedCount == 1)
    }

    @Test func `what an earlier owner finished is not started again and not forgotten by the next commit`() throws {
        let map = try #require(CompletedMap(text: textOf([12...14, 20...20], at: 10), position: Offset(10)))
        var tracker = OffsetTracker(position: Offset(10), completed: map)

        #expect(tracker.deliver(Offset(10)) == .unfinished)
        #expect(tracker.completedMap() == map, "nothing was delivered of it yet, still it is committed again")
        #expect(tracker.deliver(Offset(11)) == .unfinished)
        tracker.finish(Offset(10))
        tracker.finish(Offset(11))
        #expect(tracker.position == Offset(15), "the position passes what is known to be finished")
        #expect(tracker.deliver(Offset(12)) == .finished)
        #expect(tracker.deliver(Offset(15)) == .unfinished)
        #expect(tracker.deliver(Offset(20)) == .finished)
        tracker.finish(Offset(15))
        #expect(tracker.position == Offset(21))
    }

    @Test func `an offset below one already delivered says that the log went back`() {
        var tracker = OffsetTracker(position: Offset(100))
        #expect(tracker.deliver(Offset(100)) == .unfinished)
        #expect(tracker.deliver(Offset(0)) == .wentBack)
        #expect(tracker.position == Offset(100))
    }

    /// The model is a plain set, and crashes throw the tracker away and start from what was committed.
    @Test(arguments: 1...12) func `over crashes nothing finished and committed is started again`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let log = (0..<Int64(3000)).filter { _ in seed % 2 == 0 || random.chance(80) }.map { Offset($0) }
        var finished: Set<Offset> = []
        var committed = CommittedPosition(offset: Offset(0))
        var safe: Set<Offset> = []
        while let position = committed.offset, position <= log[log.count - 1] {
            let map = try #require(CompletedMap(text: committed.metadata, position: position))
            var tracker = OffsetTracker(position: position, completed: map)
            finished = safe  // the rest was not committed and is to be repeated
            var running: [Offset] = []
            var upcoming = log.filter { $0 >= position }[...]
            var lastPosition = position
            for _ in 0..<Int.random(in: 1...400, using: &random) {
                if running.count < 30, random.chance(55), let offset = upcoming.popFirst() {
                    if tracker.deliver(offset) == .unfinished {
                        let isRepeated = safe.contains(offset)
                        #expect(!isRepeated, "finished, committed and started again: \(offset)")
                        running.append(offset)
                    } else {
                        #expect(finished.contains(offset))
                    }
                } else if !running.isEmpty {
                    let offset = running.remove(at: Int.random(in: 0..<running.count, using: &random))
                    tracker.finish(offset)
                    finished.insert(offset)
                }
                let now = try #require(tracker.position)
                #expect(now >= lastPosition && running.allSatisfy { $0 >= now })
                lastPosition = now
                if random.chance(20) {
                    let text = try #require(tracker.completedMap().text(at: now, budget: 4000))
                    committed = CommittedPosition(offset: now, metadata: text)
                    safe = finished
                }
            }
        }
        let isComplete = finished == Set(log)
        #expect(isComplete)
    }
}

/// A map's text through a tracker, as the program makes it.
func textOf(_ ranges: [ClosedRange<Int64>], at position: Int64) -> String {
    var tracker = OffsetTracker(position: Offset(position))
    let last = ranges.last?.upperBound ?? position
    for offset in position...last { _ = tracker.deliver(Offset(offset)) }
    for range in ranges { for offset in range { tracker.finish(Offset(offset)) } }
    return tracker.completedMap().text(at: Offset(position), budget: .max) ?? ""
}
