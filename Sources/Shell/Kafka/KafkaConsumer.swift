import CRdKafka
public import EventLoop
public import Logging
public import Partitions
public import Time

/// A member of a consumer group with one queue per assigned partition.
///
/// Everything arrives as events and is answered when the caller is ready, so a drain may take its time without
/// blocking the loop. A broker that cannot be reached is an event, too: librdkafka goes on by itself. To be closed
/// before it is let go.
@RequestPath
public final class KafkaConsumer {
    let client: ClientInstance
    private let topics: [String]
    private let onEvent: @RequestPath (ConsumerEvent) -> Void
    private let onReady: @RequestPath (TopicPartition) -> Void

    private var queues: [TopicPartition: PartitionQueue] = [:]
    private var isSubscribed = false
    var rebalance = RebalanceState()
    var commits = CommitLedger()
    /// Fires when the first assignment was answered: closing a cooperative consumer before that crashes librdkafka
    /// before 2.3.0 (#4381).
    let firstAssignment = Signal()
    var isClosing = false
    private var restOfCommits: LoopTimer?
    /// Longer than a rebalance takes, short beside the work that a crash would repeat.
    private static let longestRestOfCommits: Duration = .seconds(60)

    /// `properties` override the consumer's own defaults; throws `KafkaError` of kind `configuration` with
    /// librdkafka's own text.
    public init(
        properties: [KafkaProperty], topics: [String], logger: Logger,
        onEvent: @escaping @RequestPath (ConsumerEvent) -> Void,
        onReady: @escaping @RequestPath (TopicPartition) -> Void
    ) throws(KafkaError) {
        let configuration = try KafkaClientConfiguration(properties: properties, role: .consumer)
        client = try ClientInstance(configuration, role: .consumer, logger: logger)
        self.topics = topics
        self.onEvent = onEvent
        self.onReady = onReady
        client.onEvent = { [weak self] event in self?.handle(event) }
    }

    /// Joins the group.
    public func subscribe() throws(KafkaError) {
        let list = TopicPartitionList(topics: topics)
        if let error = KafkaError.check(rd_kafka_subscribe(client.handle.raw, list.raw)) { throw error }
        isSubscribed = true
    }

    /// The next record of an assigned partition; nil when its queue is empty, and `onReady` will tell when it no
    /// longer is. Never waits.
    public func poll(_ partition: TopicPartition) -> ConsumerRecord? {
        queues[partition]?.next(onError: { onEvent(.error($0)) })
    }

    private func handle(_ event: OpaquePointer) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_REBALANCE: handleRebalance(event)
        case RD_KAFKA_EVENT_OFFSET_COMMIT: handleCommit(event)
        case RD_KAFKA_EVENT_ERROR: handleError(event)
        case RD_KAFKA_EVENT_FETCH: keepStrays(event)
        case RD_KAFKA_EVENT_STATS:
            guard let text = rd_kafka_event_stats(event) else { return }
            report(.statistics(Array(String(cString: text).utf8)))
        default: break
        }
    }

    /// After `close` nobody is there to answer.
    func report(_ event: ConsumerEvent) {
        if !isClosing { onEvent(event) }
    }

    /// No single error means much unless it is fatal: before 2.2.0 a connection that TLS does not end in form comes as one
    /// (#4294), and brokers cut those whose login has expired, as librdkafka cannot log in again on them (KIP-368). It
    /// connects anew.
    private func handleError(_ event: OpaquePointer) {
        let code = rd_kafka_event_error(event)
        if code == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_event_error_is_fatal(event) != 0 {
            return report(.fatal(client.handle.fatalError ?? KafkaError(code)))
        }
        report(.error(KafkaError(code, message: rd_kafka_event_error_string(event).map { String(cString: $0) })))
    }

    /// A record that reached the consumer's queue would be a gap to the offset tracker, hence lost: none was ever seen
    /// here, and none may be dropped.
    private func keepStrays(_ event: OpaquePointer) {
        while let message = rd_kafka_event_message_next(event) {
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR, let topic = message.pointee.rkt else { continue }
            let name = String(cString: rd_kafka_topic_name(topic))
            let partition = TopicPartition(topic: name, partition: message.pointee.partition)
            queues[partition]?.addStray(ConsumerRecord(message, of: partition))
            onReady(partition)
        }
    }
}

// MARK: - Rebalances

extension KafkaConsumer {
    /// Starts fetching `partitions` into queues of their own, from `positions` where given, else from the group's
    /// committed position.
    public func assign(_ partitions: [TopicPartition], from positions: [TopicPartition: Offset] = [:]) {
        guard !isClosing else { return }  // answered by `close`
        for partition in partitions where queues[partition] == nil {
            queues[partition] = PartitionQueue(partition, of: client.handle) { [weak self] in self?.onReady(partition) }
        }
        answerAssignment(TopicPartitionList(partitions, from: positions))
        sendHeldCommits()
    }

    private func answerAssignment(_ list: borrowing TopicPartitionList) {
        let error =
            isCooperative
            ? KafkaError.check(taking: rd_kafka_incremental_assign(client.handle.raw, list.raw))
            : KafkaError.check(rd_kafka_assign(client.handle.raw, list.raw))
        rebalance.assignmentAnswered()
        firstAssignment.fire()
        if let error { report(.error(error)) }
    }

    /// Gives partitions back. librdkafka is answered when all of a revocation are, and when no commit is under way.
    public func unassign(_ partitions: [TopicPartition]) {
        for partition in partitions { queues.removeValue(forKey: partition)?.close() }
        commits.dropHeld(partitions)
        let wasLost = rebalance.isLost
        guard let revoked = rebalance.giveBack(partitions, isCooperative: isCooperative) else { return }
        boundRestOfCommits()
        if wasLost { answerRevocation(revoked) } else { whenNoCommitIsUnderWay { self.answerRevocation(revoked) } }
    }

    /// An assignment that does not come must not hold commits for ever.
    private func boundRestOfCommits() {
        restOfCommits?.cancel()
        restOfCommits = EventLoop.shared.schedule(at: EventLoop.shared.now.advanced(by: Self.longestRestOfCommits)) {
            [weak self] in
            self?.rebalance.stopAwaitingAssignments()
            self?.client.joins.end()
            self?.sendHeldCommits()
        }
    }

    /// Whether commits wait until the member has joined its group again.
    func restsForJoin() -> Bool {
        guard client.joins.isJoining else { return false }
        if restOfCommits?.isPending != true { boundRestOfCommits() }
        return true
    }

    private func answerRevocation(_ partitions: [TopicPartition]) {
        let error: KafkaError?
        if isCooperative {
            let list = TopicPartitionList(partitions)
            error = KafkaError.check(taking: rd_kafka_incremental_unassign(client.handle.raw, list.raw))
        } else {
            error = KafkaError.check(rd_kafka_assign(client.handle.raw, nil))
        }
        if let error { report(.error(error)) }
    }

    private var isCooperative: Bool {
        rd_kafka_rebalance_protocol(client.handle.raw).map { String(cString: $0) } != "EAGER"
    }

    private func handleRebalance(_ event: OpaquePointer) {
        guard let list = rd_kafka_event_topic_partition_list(event) else { return }
        client.joins.end()  // librdkafka joins again only when this is answered
        let partitions = TopicPartitionList.elements(of: list).map(\.partition)
        if rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            rebalance.assign()
            return isClosing ? answerAssignment(TopicPartitionList([])) : onEvent(.assigned(partitions))
        }
        let isLost = rd_kafka_assignment_lost(client.handle.raw) != 0
        rebalance.revoke(partitions, isLost: isLost)
        if isClosing || partitions.isEmpty { return unassign(partitions) }
        onEvent(isLost ? .lost(partitions) : .revoked(partitions))
    }
}

// MARK: - Closing

extension KafkaConsumer {
    /// Leaves the group and frees everything, off the loop; gives up at `deadline`.
    ///
    /// A close can hang in librdkafka before 2.4.0 when an assignment arrives meanwhile (#4528), and before 2.1.0 after
    /// a partition was lost (#4187): the process is to exit after the deadline, whatever became of it.
    public func close(deadline: Instant) async {
        guard !isClosing else { return }
        isClosing = true
        for (_, queue) in queues { queue.close() }
        queues = [:]
        commits.dropAllHeld()
        restOfCommits?.cancel()
        if rebalance.isTakingOver { answerAssignment(TopicPartitionList([])) }
        unassign(rebalance.notGivenBack)
        let canLeave = await isSubscribed ? firstAssignment.wait(until: deadline) : false
        if canLeave { await leave(deadline: deadline) }
        _ = await client.destroy(deadline: deadline)
        commits.failAll(KafkaError(RD_KAFKA_RESP_ERR__DESTROY))
    }

    private func leave(deadline: Instant) async {
        if KafkaError.check(taking: rd_kafka_consumer_close_queue(client.handle.raw, client.queue)) != nil { return }
        // The end of a close is not an event: it is looked for now and then, while the queue is served as always.
        let closed = Signal()
        let timer = EventLoop.shared.repeating(every: .milliseconds(10)) { [client] in
            if rd_kafka_consumer_closed(client.handle.raw) != 0 { closed.fire() }
        }
        await closed.wait(until: deadline)
        timer.cancel()
    }
}
