import EventLoop
import Testing
import Time

@RequestPath
@Suite struct SleepTests {
    let loop = EventLoop.shared

    @Test func `sleep returns at its instant, not before`() async throws {
        let instant = loop.now.advanced(by: .milliseconds(1))
        try await loop.sleep(until: instant)

        #expect(loop.now >= instant)
    }

    @Test func `sleep until the past returns`() async throws {
        try await loop.sleep(until: Instant(nanoseconds: 0))
    }

    @Test func `cancelling the task ends the sleep with CancellationError`() async {
        let task = RequestPath.task { try await loop.sleep(until: .distantFuture) }
        await Task.yield()
        task.cancel()

        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a task that is cancelled already does not sleep`() async {
        let task = RequestPath.task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await loop.sleep(until: .distantFuture)
        }

        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `many sleepers wake or are cancelled, from any thread`() async {
        let start = loop.now
        let woken = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
                let task = RequestPath.task {
                    let isShort = number.isMultiple(of: 2)
                    try await loop.sleep(until: isShort ? start : .distantFuture)
                }
                group.addTask {
                    if !number.isMultiple(of: 2) { task.cancel() }
                    return (try? await task.value) != nil
                }
            }
            var woken = 0
            for await isAwake in group where isAwake { woken += 1 }
            return woken
        }

        #expect(woken == 1000)
    }
}
