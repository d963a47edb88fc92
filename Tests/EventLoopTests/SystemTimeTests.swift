import EventLoop
import Glibc
import Testing
import Time

@Suite struct SystemTimeTests {
    @Test func `now never runs backwards and all values share one line`() {
        var last = SystemTime().now
        for _ in 0..<10_000 {
            let next = SystemTime().now
            #expect(next >= last)
            last = next
        }
        #expect(EventLoop.shared.now >= last)
    }

    @Test func `both clocks tell Unix time`() {
        let before = Int64(time(nil))
        let wallClock = SystemTime().wallClock
        let now = SystemTime().now

        #expect((before...before + 60).contains(wallClock))
        #expect((before - 60...before + 60).contains(now.unixMilliseconds / 1000))
    }
}
