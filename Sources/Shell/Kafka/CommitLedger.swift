import EventLoop
import Partitions
import Time

/// Commits that wait for a rebalance or for another commit to end, and those under way with who waits for them.
@RequestPath
struct CommitLedger {
    private var held: [TopicPartition: CommittedPosition] = [:]
    private var underWay: [Int: Waiter?] = [:]
    private var lastID = 0
    private var onNoneUnderWay: (@RequestPath () -> Void)?
    private var actionNumber = 0
    /// Fires when the next of those under way ends.
    private(set) var nextEnd = Signal()

    /// One task that waits for a commit's end.
    final class Waiter {
        let ended = Signal()
        var error: KafkaError?
    }

    mutating func hold(_ positions: [TopicPartition: CommittedPosition]) {
        held.merge(positions) { _, newer in newer }
    }

    /// Puts back what was taken and not committed; what was held meanwhile is newer.
    mutating func holdAgain(_ positions: [TopicPartition: CommittedPosition]) {
        held.merge(positions) { newer, _ in newer }
    }

    mutating func takeHeld() -> [TopicPartition: CommittedPosition] {
        defer { held = [:] }
        return held
    }

    mutating func dropHeld(_ partitions: [TopicPartition]) {
        for partition in partitions { held[partition] = nil }
    }

    mutating func dropAllHeld() { held = [:] }

    /// A number for a commit to be sent, by which its end is told.
    mutating func begin(_ waiter: Waiter?) -> Int {
        lastID += 1
        underWay[lastID] = .some(waiter)
        return lastID
    }

    /// Returns what to do next, once no commit is under way any more.
    mutating func end(_ id: Int, error: KafkaError?) -> (@RequestPath () -> Void)? {
        guard let waiter = underWay.removeValue(forKey: id) else { return nil }
        waiter?.error = error
        waiter?.ended.fire()
        nextEnd.fire()
        nextEnd = Signal()
        return underWay.isEmpty ? onNoneUnderWay.take() : nil
    }

    mutating func failAll(_ error: KafkaError) {
        for id in Array(underWay.keys) { _ = end(id, error: error) }
    }

    var isAnyUnderWay: Bool { !underWay.isEmpty }

    /// Has `action` called when the last commit under way has ended. The number is for `takeAction`.
    mutating func onceNoneIsUnderWay(_ action: @escaping @RequestPath () -> Void) -> Int {
        actionNumber += 1
        onNoneUnderWay = action
        return actionNumber
    }

    /// The action, if it still waits and is this one.
    mutating func takeAction(_ number: Int) -> (@RequestPath () -> Void)? {
        number == actionNumber ? onNoneUnderWay.take() : nil
    }
}
