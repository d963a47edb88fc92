import Testing

@testable import EventLoop

@RequestPath
@Suite struct WorkQueueTests {
    /// What ran, in order.
    @RequestPath final class Log { var entries: [Int] = [] }

    @Test func `work leaves in the order it was added, also when the ring wraps and grows`() {
        let log = Log()
        var queue = WorkQueue()
        var added = 0
        func add(_ count: Int) {
            for _ in 0..<count {
                let number = added
                queue.append(.call { log.entries.append(number) })
                added += 1
            }
        }
        func take(_ count: Int) {
            for _ in 0..<count {
                guard case .call(let work) = queue.popFirst() else { continue }
                work()
            }
        }

        add(1000)
        take(700)
        add(1500)
        take(400)
        add(5000)
        take(10_000)

        #expect(queue.isEmpty)
        #expect(log.entries == Array(0..<7500))
    }
}
