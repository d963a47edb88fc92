import Testing
import Time

@testable import Kafka

@Suite struct TopicDirectoryTests {
    let start = Instant(nanoseconds: 0)

    @Test func `a count is used for its lifetime and renewed in the background after it`() {
        var directory = TopicDirectory()
        #expect(directory.look(up: "a", now: start) == .unknown)
        directory.store(3, for: "a", now: start)
        #expect(directory.look(up: "a", partition: 2, now: start.advanced(by: TopicDirectory.lifetime)) == .known(3))
        let late = start.advanced(by: TopicDirectory.lifetime + .seconds(1))
        #expect(directory.look(up: "a", partition: 2, now: late) == .aging(3))
    }

    @Test func `a partition out of range is believed only for a while: topics grow`() {
        var directory = TopicDirectory()
        directory.store(3, for: "a", now: start)
        #expect(directory.look(up: "a", partition: 3, now: start) == .known(3))
        let late = start.advanced(by: TopicDirectory.doubtAfter + .seconds(1))
        #expect(directory.look(up: "a", partition: 3, now: late) == .unknown)
    }

    @Test func `a missing topic is asked for again after a while`() {
        var directory = TopicDirectory()
        directory.store(0, for: "a", now: start)
        #expect(directory.look(up: "a", now: start) == .missing)
        #expect(directory.look(up: "a", now: start.advanced(by: .seconds(6))) == .unknown)
    }

    @Test func `the oldest topic makes room for one too many`() {
        var directory = TopicDirectory()
        for index in 0...TopicDirectory.capacity { directory.store(1, for: "t\(index)", now: start) }
        #expect(directory.look(up: "t0", now: start) == .unknown)
        #expect(directory.look(up: "t1", now: start) == .known(1))
    }
}
