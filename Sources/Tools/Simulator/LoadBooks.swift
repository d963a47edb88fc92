import Synchronization

/// When each request was sent and answered; shared by the load generator's threads.
final class LoadBooks: Sendable {
    /// Tells this run's replies from those of others on the same topic.
    private let run: String
    private let entries: Mutex<Entries>
    private let deadline = Atomic<Int64>(.max)
    private let isComplete = Atomic<Bool>(false)

    private struct Entries {
        /// By request number; 0: not yet.
        var sentAt: [Int64]
        var answeredAt: [Int64]
        var sent = 0
        var replied = 0
        var duplicates = 0
        var undelivered = 0
        var statuses: [String: Int] = [:]
    }

    struct Reply {
        let correlationID: String
        let status: String
    }

    init(requests: Int) {
        run = String(UInt64.random(in: .min ... .max), radix: 36)
        let none = [Int64](repeating: 0, count: requests)
        entries = Mutex(Entries(sentAt: none, answeredAt: none))
        isComplete.store(requests == 0, ordering: .relaxed)
    }

    func correlationID(_ number: Int) -> String { "\(run)-\(number)" }

    /// Every reply is there, or the time is up.
    var isOver: Bool {
        isComplete.load(ordering: .relaxed) || Clock.monotonic >= deadline.load(ordering: .relaxed)
    }

    func setDeadline(_ time: Int64) { deadline.store(time, ordering: .relaxed) }

    func recordSending(_ number: Int) {
        let now = Clock.monotonic
        entries.withLock { entries in
            entries.sentAt[number] = now
            entries.sent += 1
        }
    }

    func recordUndelivered() { entries.withLock { $0.undelivered += 1 } }

    func record(reply: Reply) {
        let now = Clock.monotonic
        guard let number = number(of: reply.correlationID) else { return }
        let isLast = entries.withLock { entries in
            guard entries.answeredAt.indices.contains(number) else { return false }
            guard entries.answeredAt[number] == 0 else {
                entries.duplicates += 1
                return false
            }
            entries.answeredAt[number] = now
            entries.replied += 1
            entries.statuses[reply.status, default: 0] += 1
            return entries.replied == entries.answeredAt.count
        }
        if isLast { isComplete.store(true, ordering: .relaxed) }
    }

    private func number(of correlationID: String) -> Int? {
        guard correlationID.hasPrefix(run), let dash = correlationID.firstIndex(of: "-") else { return nil }
        return Int(correlationID[correlationID.index(after: dash)...])
    }

    func result() -> LoadResult {
        entries.withLock { entries in
            let latencies = zip(entries.sentAt, entries.answeredAt).filter { $0.1 > 0 }.map { $0.1 - $0.0 }
            let begin = entries.sentAt.first { $0 > 0 } ?? 0
            let end = entries.answeredAt.max() ?? 0
            return LoadResult(
                sent: entries.sent, replied: entries.replied, duplicates: entries.duplicates,
                undelivered: entries.undelivered, statuses: entries.statuses,
                elapsed: .nanoseconds(max(0, end - begin)), latencies: latencies.sorted().map { .nanoseconds($0) })
        }
    }
}
