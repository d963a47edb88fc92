import EventLoop
import Testing
import Time

@RequestPath
@Suite struct LoopTimerTests {
    let loop = EventLoop.shared

    private func wait(_ duration: Duration) async {
        await withCheckedContinuation { continuation in
            loop.schedule(at: loop.now.advanced(by: duration)) { continuation.resume() }
        }
    }

    @Test func `timers fire in the order of their instants, never early`() async {
        let start = loop.now
        var fired: [Int] = []
        var isEarly = false
        for milliseconds in [3, 1, 2, 0] {
            let instant = start.advanced(by: .milliseconds(milliseconds))
            loop.schedule(at: instant) { [loop] in
                fired.append(milliseconds)
                if loop.now < instant { isEarly = true }
            }
        }
        await wait(.milliseconds(4))

        #expect(fired == [0, 1, 2, 3])
        #expect(!isEarly)
    }

    @Test func `a cancelled timer does not fire, also when it is due in the same pass`() async {
        var fired = 0
        let instant = loop.now
        let second = Later<LoopTimer>()
        loop.schedule(at: instant) {
            fired += 1
            second.value?.cancel()
        }
        second.value = loop.schedule(at: instant) { fired += 10 }
        await wait(.milliseconds(1))

        #expect(fired == 1)
        #expect(second.value?.isPending == false)
    }

    @Test func `a timer may be moved before and after it has fired`() async {
        var fired = 0
        let timer = loop.schedule(at: .distantFuture) { fired += 1 }
        timer.move(to: loop.now)
        await wait(.milliseconds(1))
        #expect(fired == 1)

        timer.move(to: loop.now)
        await wait(.milliseconds(1))
        #expect(fired == 2)
    }

    @Test func `a repeating timer fires until it is cancelled by its own action`() async {
        var fired = 0
        await withCheckedContinuation { continuation in
            let timer = Later<LoopTimer>()
            timer.value = loop.repeating(every: .microseconds(200)) {
                fired += 1
                guard fired == 3 else { return }
                timer.value?.cancel()
                continuation.resume()
            }
        }
        await wait(.milliseconds(1))

        #expect(fired == 3)
    }

    @Test func `an action that schedules for the past does not keep the loop from going on`() async {
        var isStopped = false
        func again() {
            loop.schedule(at: Instant(nanoseconds: 0)) { if !isStopped { again() } }
        }
        again()
        await wait(.milliseconds(1))
        isStopped = true
    }
}
