public import EventLoop
public import Partitions

/// What writes transactions (`delivery: exactly_once`): a transactional producer, and the consumer whose positions are
/// part of them.
@RequestPath
public protocol TransactionRunner: AnyObject {
    /// Reads who the consumer is in its group, for the next `run`: to be called before positions are taken, so that
    /// brokers refuse those of partitions that were lost meanwhile. False while it is no member, or no producer is ready.
    func prepare() async -> Bool

    /// Writes `records` and `positions` together.
    func run(_ records: [ProducerRecord], _ positions: [TopicPartition: CommittedPosition]) async -> TransactionEnd

    /// What the group has committed, once no transaction is open any more; nil when that cannot be learnt now.
    func settledPositions(_ partitions: [TopicPartition]) async -> [TopicPartition: CommittedPosition]?
}

/// How a transaction ended.
public enum TransactionEnd: Sendable {
    case committed
    /// None of it is visible. `failures`: what was said against records, by index.
    case aborted(reason: String, failures: [Int: DeliveryError])
    /// Not known; the group's positions tell.
    case unknown(reason: String)
}
