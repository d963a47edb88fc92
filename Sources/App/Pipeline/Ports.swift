public import EventLoop
public import Partitions

/// Where replies, dead letters and routing events go: a producer.
@RequestPath
public protocol RecordPublisher: AnyObject {
    /// Produces `record` and suspends until the broker has acknowledged it.
    func publish(_ record: ProducerRecord) async throws(DeliveryError)

    /// Produces `record` without waiting for its acknowledgement.
    func post(_ record: ProducerRecord)

    /// The number of partitions of `topic`: 0 when it does not exist, nil when that cannot be learnt now.
    func partitionCount(of topic: String) async -> Int32?
}

/// Why a record was not delivered, and so what to do next.
public struct DeliveryError: Error, Sendable {
    public enum Kind: Sendable {
        /// This record can never be delivered there: too large, no such topic or partition, not allowed.
        case refused
        /// Key, value and headers together are larger than the topic takes.
        case tooLarge
        /// Not now: no broker, no acknowledgement in time. Try again.
        case unavailable
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Where records come from: a member of a consumer group, with one queue per assigned partition.
@RequestPath
public protocol RecordSource: AnyObject {
    /// The next record of an assigned partition; nil when there is none now. Never waits.
    func poll(_ partition: TopicPartition) -> ConsumerRecord?

    /// Starts fetching, from the given positions or, where there is none, as the group's reset policy says.
    func assign(_ partitions: [TopicPartition], from positions: [TopicPartition: Offset])

    /// Answers a revocation or a loss: the partitions are no longer ours.
    func unassign(_ partitions: [TopicPartition])

    /// What the group has committed; nil when that cannot be learnt now.
    func committed(_ partitions: [TopicPartition]) async -> [TopicPartition: CommittedPosition]?

    /// Commits without waiting for the broker's answer, which comes back as `ConsumerLoop.commitEnded`.
    func commit(_ positions: [TopicPartition: CommittedPosition])

    /// Commits and suspends until the broker has answered. Returns whether it took the positions.
    func commitAndWait(_ positions: [TopicPartition: CommittedPosition]) async -> Bool
}
