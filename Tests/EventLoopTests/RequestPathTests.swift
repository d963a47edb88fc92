import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct RequestPathTests {
    @Test func `code isolated to the request path runs on one thread, also after suspending`() async {
        let first = await Task { @RequestPath in UInt(pthread_self()) }.value
        let second = await Task { @RequestPath in
            await Task.yield()
            await Task.detached {}.value
            return UInt(pthread_self())
        }.value

        #expect(first == second)
        #expect(first != UInt(pthread_self()))
    }

    @Test func `a task that prefers the loop runs its nonisolated code there`() async {
        let isCurrent = await Task(executorPreference: EventLoop.shared.preference) { EventLoop.shared.isCurrent }.value

        #expect(isCurrent)
        #expect(!EventLoop.shared.isCurrent)
    }

    @Test func `a task of the request path is resumed on its thread, whoever resumes it`() async {
        let threads = await RequestPath.task {
            await Self.suspendAndReportThread { continuation in EventLoop.shared.post { continuation.resume() } }
                + Self.suspendAndReportThread { continuation in Task.detached { continuation.resume() } }
        }.value

        #expect(threads == [true, true])
    }

    /// Not isolated on purpose: reports where the continuation itself resumed the task.
    @concurrent private static func suspendAndReportThread(
        _ body: @Sendable (CheckedContinuation<Void, Never>) -> Void
    ) async -> [Bool] {
        await withCheckedContinuation { body($0) }
        return [EventLoop.shared.isCurrent]
    }

    @RequestPath private static var steps = 0

    @Test(arguments: [true, false])
    func `calls on the request path are one step, whatever kind of task makes them`(prefersLoop: Bool) async {
        let others = Task.detached {
            while !Task.isCancelled { await RequestPath.task { Self.steps += 1 }.value }
        }
        let operation: @Sendable @RequestPath () async -> Bool = {
            var isOneStep = true
            for _ in 0..<200 {
                await Task.yield()
                let before = Self.steps
                await withCheckedContinuation { continuation in
                    isOneStep = isOneStep && Self.steps == before
                    EventLoop.shared.post { continuation.resume() }
                }
            }
            return isOneStep
        }
        let isOneStep = await prefersLoop ? RequestPath.task(operation).value : Task { await operation() }.value
        others.cancel()
        await others.value

        #expect(isOneStep)
    }

    @Test func `errors of a task of the request path reach its value`() async {
        let task = RequestPath.task { throw CancellationError() }

        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `callbacks of the loop may assume the request path`() async {
        let result = await withCheckedContinuation { continuation in
            EventLoop.shared.post {
                func callback() -> Int { RequestPath.assumeIsolated { requestPathState() } }
                continuation.resume(returning: callback() + RequestPath.shared.assumeIsolated { _ in 1 })
            }
        }

        #expect(result == 42)
    }

    @RequestPath private func requestPathState() -> Int { 41 }

    @Test func `assuming the request path on another thread is fatal`() async {
        await #expect(processExitsWith: .failure) {
            RequestPath.assumeIsolated {}
        }
    }

    @Test func `work posted by many threads all runs, in order for each of them`() async {
        let threads = 8
        let each = 5000
        let log = PostLog()
        await withTaskGroup { group in
            for thread in 0..<threads {
                group.addTask {
                    for number in 0..<each { EventLoop.shared.post { log.add(number, from: thread) } }
                }
            }
        }
        // Everything posted before this runs before it.
        await withCheckedContinuation { continuation in EventLoop.shared.post { continuation.resume() } }

        let entries = await log.entries
        #expect((0..<threads).allSatisfy { entries[$0] == Array(0..<each) })
    }

    @Test func `work posted on the loop runs later, not at once`() async {
        let order = await withCheckedContinuation { continuation in
            EventLoop.shared.post {
                let log = PostLog()
                EventLoop.shared.post {
                    log.add(2, from: 0)
                    continuation.resume(returning: log.entries[0])
                }
                log.add(1, from: 0)
            }
        }

        #expect(order == [1, 2])
    }

    /// Numbers by the thread that posted them.
    @RequestPath final class PostLog {
        private(set) var entries: [Int: [Int]] = [:]
        nonisolated init() {}
        func add(_ number: Int, from thread: Int) { entries[thread, default: []].append(number) }
    }
}
