import Glibc
import Testing
import Time

@testable import EventLoop

@RequestPath
@Suite struct ReadinessTests {
    let loop = EventLoop.shared

    /// Returns when the loop has looked at its descriptors: at one that becomes ready now, at least.
    private func letLoopTurn() async {
        let pipe = Pipe()
        let watch = Later<EventLoop.Watch>()
        await withCheckedContinuation { continuation in
            watch.value = loop.watch(pipe.readEnd, for: .readable) { [loop] _ in
                if let watch = watch.value.take() { loop.unwatch(watch) }
                // Those found ready together with it have had their turn as well when this runs.
                loop.post { continuation.resume() }
            }
            pipe.write()
        }
    }

    @Test func `readiness is reported again while the descriptor stays ready, and not after unwatch`() async {
        let pipe = Pipe()
        var calls = 0
        let second = Later<CheckedContinuation<Void, Never>>()
        let watch = loop.watch(pipe.readEnd, for: .readable) { readiness in
            #expect(readiness == .readable)
            calls += 1
            if calls == 2 { second.value.take()?.resume() }
        }
        await letLoopTurn()
        #expect(calls == 0)

        await withCheckedContinuation { continuation in
            second.value = continuation
            pipe.write()
        }
        loop.unwatch(watch)
        calls = 0
        await letLoopTurn()
        #expect(calls == 0)
    }

    @Test func `a changed interest takes effect`() async {
        let pipe = Pipe()
        var seen: EventLoop.Readiness = []
        let watch = loop.watch(pipe.writeEnd, for: []) { seen.formUnion($0) }
        await letLoopTurn()
        #expect(seen == [])

        loop.change(watch, to: .writable)
        await letLoopTurn()
        #expect(seen == .writable)
        loop.unwatch(watch)
    }

    @Test func `a peer that closes is reported as a hang-up`() async {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        close(ends[1])
        var seen: EventLoop.Readiness = []
        let watch = loop.watch(ends[0], for: .readable) { seen.formUnion($0) }
        await letLoopTurn()
        loop.unwatch(watch)
        close(ends[0])

        #expect(seen.contains(.hangUp))
    }

    @Test func `events of a batch are dropped once their watch is gone, even if its number is in use again`() async {
        let pipes = (0..<8).map { _ in Pipe() }
        var watches: [EventLoop.Watch] = []
        var replacements: [EventLoop.Watch] = []
        var calls = 0
        var wrongCalls = 0
        let quiet = Pipe()
        for pipe in pipes {
            pipe.write()
            watches.append(
                loop.watch(pipe.readEnd, for: .readable) { [loop] _ in
                    calls += 1
                    for watch in watches { loop.unwatch(watch) }
                    // Takes over the slots of the watches whose events come next in this batch.
                    replacements = pipes.map { pipe in
                        loop.watch(dup(quiet.readEnd), for: .readable) { _ in wrongCalls += 1 }
                    }
                    watches = []
                })
        }
        await letLoopTurn()
        for watch in replacements { loop.unwatch(watch) }

        #expect(calls == 1)
        #expect(wrongCalls == 0)
    }

    @Test func `an event descriptor calls its handler for writes of other threads and is drained`() async {
        var calls = 0
        await withCheckedContinuation { continuation in
            let events = Later<EventDescriptor>()
            events.value = loop.watchEvents {
                calls += 1
                guard calls == 1 else { return }
                events.value?.close()
                continuation.resume()
            }
            let descriptor = events.value?.descriptor ?? -1
            Task.detached {
                var one: UInt64 = 1
                write(descriptor, &one, 8)
            }
        }
        await letLoopTurn()

        #expect(calls == 1)
    }
}
