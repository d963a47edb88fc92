import EventLoop
import Partitions
import Time

/// What transactions take from the scheduler and tell it (`delivery: exactly_once`).
extension ConsumerLoop {
    /// Longer than a healthy transaction takes, and well within the time that a group waits for a member.
    private static let patienceForPositions: Duration = .seconds(10)

    /// Positions as they will be when `records` are finished, where they have changed.
    func takeCommits(finishing records: [RecordID]) -> [TopicPartition: CommittedPosition] {
        scheduler.takeCommits(finishing: records)
    }

    func hasChangedPositions() -> Bool { scheduler.hasChangedPositions() }

    func notCommitted(_ partitions: [TopicPartition]) {
        for partition in partitions { scheduler.commitFailed(partition) }
    }

    /// The transaction with the outcomes of `records` was committed. They are finished now and not when their tasks come
    /// round: positions of the next transaction count on them.
    func finished(_ records: [RecordID]) {
        for record in records { ended(record, finished: true) }
    }

    /// Commits what is left to commit before partitions are given back.
    func settle(_ transactions: OutcomeTransactions) async {
        transactions.isHurried = true
        await transactions.settle(deadline: loop.now.advanced(by: Self.patienceForPositions))
        transactions.isHurried = isDraining
    }

    func hold(bytes: Int) { scheduler.hold(bytes: bytes) }

    /// Gives bytes back, and lets partitions go on that waited for them.
    func release(bytes: Int) {
        scheduler.release(bytes: bytes)
        pump()
    }
}
