import EventLoop
import Glibc
import Testing
import Time

@RequestPath
@Suite struct EventLoopTests {
    let loop = EventLoop.shared

    @Test func `a flood of work starves neither timers nor descriptors`() async {
        let flood = Flood(loop)
        flood.start()
        await withCheckedContinuation { continuation in
            loop.schedule(at: loop.now.advanced(by: .milliseconds(1))) { continuation.resume() }
        }
        let pipe = Pipe()
        pipe.write()
        await withCheckedContinuation { continuation in
            let watch = Later<EventLoop.Watch>()
            watch.value = loop.watch(pipe.readEnd, for: .readable) { [loop] _ in
                if let watch = watch.value.take() { loop.unwatch(watch) }
                continuation.resume()
            }
        }
        flood.stop()

        #expect(flood.rounds > 0)
    }

    @Test func `a hook that always makes progress starves neither timers nor descriptors`() async {
        let hook = loop.beforeWait { true }
        let pipe = Pipe()
        pipe.write()
        await withCheckedContinuation { continuation in
            let watch = Later<EventLoop.Watch>()
            watch.value = loop.watch(pipe.readEnd, for: .readable) { [loop] _ in
                if let watch = watch.value.take() { loop.unwatch(watch) }
                loop.schedule(at: loop.now) { continuation.resume() }
            }
        }
        hook.cancel()
    }

    @Test func `hooks run again until none makes progress, before the loop waits`() async {
        var steps = 3
        var ended = false
        let hook = loop.beforeWait {
            steps -= steps > 0 ? 1 : 0
            ended = steps == 0
            return !ended
        }
        await withCheckedContinuation { continuation in
            loop.schedule(at: loop.now.advanced(by: .milliseconds(1))) { continuation.resume() }
        }
        hook.cancel()

        #expect(ended)
    }

    @Test func `a cancelled hook runs no more`() async {
        var calls = 0
        let hook = loop.beforeWait {
            calls += 1
            return false
        }
        hook.cancel()
        await withCheckedContinuation { continuation in
            loop.schedule(at: loop.now.advanced(by: .milliseconds(1))) { continuation.resume() }
        }

        #expect(calls == 0)
    }

    @Test func `the last turn moves on while the loop lives`() async {
        let before = loop.lastTurn
        await withCheckedContinuation { continuation in
            loop.schedule(at: loop.now.advanced(by: .milliseconds(1))) { continuation.resume() }
        }

        #expect(loop.lastTurn > before)
    }

    /// Work that adds itself again.
    @RequestPath final class Flood {
        private let loop: EventLoop
        private var isRunning = true
        private(set) var rounds = 0

        init(_ loop: EventLoop) { self.loop = loop }

        func start() {
            for _ in 0..<1000 { again() }
        }
        func stop() { isRunning = false }

        private func again() {
            loop.post { [self] in
                rounds += 1
                if isRunning { again() }
            }
        }
    }
}

/// What a callback needs that exists only once the callback has been handed over.
@RequestPath final class Later<Value> {
    var value: Value?
}

/// A pipe with one byte to read at most.
final class Pipe {
    let readEnd: Int32
    let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    func write() { _ = Glibc.write(writeEnd, "x", 1) }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
