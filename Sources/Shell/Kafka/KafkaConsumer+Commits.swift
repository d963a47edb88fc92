import CRdKafka
import EventLoop
public import Partitions
public import Time

extension KafkaConsumer {
    /// How long giving partitions back waits for commits under way. Longer than any healthy broker takes and well
    /// within the session timeout.
    private static let patienceForCommits: Duration = .seconds(3)

    /// Commits positions (next to read) with their metadata; `.committed` reports the end. During a rebalance, and while
    /// a commit is under way, the newest position of each partition is kept and sent when it is over: librdkafka repeats
    /// a commit that failed, and one sent meanwhile would be overwritten by the older.
    public func commit(_ positions: [TopicPartition: CommittedPosition]) {
        commits.hold(positions)
        sendHeldCommits()
    }

    /// Commits and suspends until the broker has answered, or `deadline` has passed. This is the drain's own commit: it
    /// goes out while partitions are being given back, and takes along what was held.
    public func commitAndWait(_ positions: [TopicPartition: CommittedPosition], deadline: Instant)
        async
        throws(KafkaError)
    {
        let lastTry = min(deadline, EventLoop.shared.now.advanced(by: Self.patienceForRebalance))
        while true {
            let error = await commitOnce(positions, deadline: deadline)
            guard let error else { return }
            // The coordinator answers so until every member has its assignment, which ours may be before. When it goes
            // on doing so, another rebalance has begun and waits for us: giving back late would cost more than the commit.
            // While we join nobody waits for us.
            let isTransient = error.name == Self.rebalanceInProgress.name && !isClosing
            let next = EventLoop.shared.now.advanced(by: Self.pauseBetweenCommits)
            let isInTime = rebalance.isGivingBack ? next < lastTry : isJoiningAnew && next < deadline
            guard isTransient, isInTime else { throw error }
            do { try await EventLoop.shared.sleep(until: next) } catch { throw Self.rebalanceInProgress }
        }
    }

    /// Not while partitions are given back: librdkafka joins again when that is answered.
    private var isJoiningAnew: Bool { !rebalance.isGivingBack && client.joins.isJoining }

    private static let rebalanceInProgress = KafkaError(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
    private static let patienceForRebalance: Duration = .seconds(1)
    private static let pauseBetweenCommits: Duration = .milliseconds(100)

    private func commitOnce(_ positions: [TopicPartition: CommittedPosition], deadline: Instant) async -> KafkaError? {
        await untilNoCommitIsUnderWay(deadline: deadline)
        guard rebalance.allowsDrainCommit, !isClosing, !isJoiningAnew else { return Self.rebalanceInProgress }
        let held = commits.takeHeld()
        let all = held.merging(positions) { _, newer in newer }
        guard all.values.contains(where: { $0.offset != nil }) else { return nil }
        let waiter = CommitLedger.Waiter()
        send(all, waiter: waiter)
        guard await waiter.ended.wait(until: deadline) else { return KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        if waiter.error != nil { commits.holdAgain(held) }
        return waiter.error
    }

    /// What the group has committed.
    public func committed(_ partitions: [TopicPartition], deadline: Instant) async throws(KafkaError)
        -> [TopicPartition: CommittedPosition]
    {
        guard !partitions.isEmpty else { return [:] }
        let wait = deadline.since(EventLoop.shared.now).inMilliseconds
        let milliseconds = Int32(min(max(wait, 1), 3_600_000))
        // It blocks, so it runs on a thread of its own.
        let result = await client.blocking(until: deadline) { handle in
            Self.committed(partitions, handle, milliseconds: milliseconds)
        }
        guard let result else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        return try result.get()
    }

    private nonisolated static func committed(
        _ partitions: [TopicPartition], _ handle: ClientHandle, milliseconds: Int32
    ) -> Result<[TopicPartition: CommittedPosition], KafkaError> {
        let list = TopicPartitionList(partitions)
        if let error = KafkaError.check(rd_kafka_committed(handle.raw, list.raw, milliseconds)) {
            return .failure(error)
        }
        var positions: [TopicPartition: CommittedPosition] = [:]
        for element in list.elements {
            if let error = element.error { return .failure(error) }
            positions[element.partition] = CommittedPosition(offset: element.offset, metadata: element.metadata)
        }
        return .success(positions)
    }

    /// Who this consumer is in its group now; nil while it is no member, or when that is not known by `deadline`.
    public func groupMetadata(deadline: Instant) async -> ConsumerGroupMetadata? {
        guard !isClosing else { return nil }
        return await client.blocking(until: deadline) { handle in ConsumerGroupMetadata.current(of: handle) } ?? nil
    }

    func sendHeldCommits() {
        guard rebalance.allowsPeriodicCommit, !commits.isAnyUnderWay, !restsForJoin() else { return }
        send(commits.takeHeld(), waiter: nil)
    }

    private func untilNoCommitIsUnderWay(deadline: Instant) async {
        let end = min(deadline, EventLoop.shared.now.advanced(by: Self.patienceForCommits))
        while commits.isAnyUnderWay {
            guard await commits.nextEnd.wait(until: end) else { return }
        }
    }

    /// Not `rd_kafka_offsets_store`: it discards metadata before 2.2.0.
    private func send(_ positions: [TopicPartition: CommittedPosition], waiter: CommitLedger.Waiter?) {
        let list = TopicPartitionList(positions)
        guard list.raw.pointee.cnt > 0 else { return }
        let id = commits.begin(waiter)
        let opaque = UnsafeMutableRawPointer(bitPattern: id)
        let code = rd_kafka_commit_queue(client.handle.raw, list.raw, client.queue, nil, opaque)
        guard let error = KafkaError.check(code) else { return }
        commitEnded(id, error: error, results: positions.mapValues { _ in error })
    }

    func handleCommit(_ event: OpaquePointer) {
        let id = Int(bitPattern: rd_kafka_event_opaque(event))
        let error = KafkaError.check(rd_kafka_event_error(event))
        var results: [TopicPartition: KafkaError?] = [:]
        if let list = rd_kafka_event_topic_partition_list(event) {
            for element in TopicPartitionList.elements(of: list) {
                results.updateValue(element.error ?? error, forKey: element.partition)
            }
        }
        commitEnded(id, error: error ?? results.values.lazy.compactMap { $0 }.first, results: results)
    }

    private func commitEnded(_ id: Int, error: KafkaError?, results: [TopicPartition: KafkaError?]) {
        let next = commits.end(id, error: error)
        report(.committed(results))
        next?()
        sendHeldCommits()
    }

    /// Calls `action` when no commit is under way, now or when the last has ended; but no later than the patience lasts.
    func whenNoCommitIsUnderWay(_ action: @escaping @RequestPath () -> Void) {
        guard commits.isAnyUnderWay else { return action() }
        let number = commits.onceNoneIsUnderWay(action)
        EventLoop.shared.schedule(at: EventLoop.shared.now.advanced(by: Self.patienceForCommits)) {
            self.commits.takeAction(number)?()
        }
    }
}
