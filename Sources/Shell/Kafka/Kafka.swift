public import EventLoop
public import Logging
public import Partitions
public import Time

/// A librdkafka error.
public struct KafkaError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// A property librdkafka does not know or refuses: a configuration error.
        case configuration
        /// The topic or partition does not exist.
        case unknownTopicOrPartition
        /// Key, value and headers together exceed `message.max.bytes` or the topic's limit.
        case messageTooLarge
        case notAuthorized
        /// The local queue is full.
        case queueFull
        case timedOut
        case allBrokersDown
        /// The client instance cannot go on.
        case fatal
        case other
    }

    public var kind: Kind
    /// librdkafka's name for it: `_ALL_BROKERS_DOWN`.
    public var name: String
    public var message: String

    public init(_ kind: Kind, name: String, message: String) {
        self.kind = kind
        self.name = name
        self.message = message
    }

    public var description: String { "\(message) (\(name))" }
}

/// One librdkafka property, in the order it is applied.
public struct KafkaProperty: Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A position a group has committed: where to go on, and what was stored beside it.
public struct CommittedPosition: Hashable, Sendable {
    /// Nil: nothing committed yet.
    public var offset: Offset?
    public var metadata: String

    public init(offset: Offset?, metadata: String = "") {
        self.offset = offset
        self.metadata = metadata
    }
}

public enum ConsumerEvent: Sendable {
    /// Partitions to take over: answer with `assign`.
    case assigned([TopicPartition])
    /// Partitions to give back: drain them, commit, then answer with `unassign`. Within the session timeout.
    case revoked([TopicPartition])
    /// Partitions already gone (session lost): drop their work, do not commit, answer with `unassign`.
    case lost([TopicPartition])
    /// An asynchronous commit has ended.
    case committed([TopicPartition: KafkaError?])
    /// librdkafka's statistics, as JSON (`statistics.interval.ms`).
    case statistics([UInt8])
    /// Something went wrong that librdkafka goes on from by itself.
    case error(KafkaError)
    /// The instance cannot go on.
    case fatal(KafkaError)
}

/// A member of a consumer group with one queue per assigned partition.
@RequestPath
public final class KafkaConsumer {
    /// `properties` override the consumer's own defaults; throws `KafkaError` of kind `configuration` with
    /// librdkafka's own text.
    public init(
        properties: [KafkaProperty], topics: [String], logger: Logger,
        onEvent: @escaping @RequestPath (ConsumerEvent) -> Void,
        onReady: @escaping @RequestPath (TopicPartition) -> Void
    ) throws(KafkaError) { fatalError("skeleton") }

    /// Joins the group.
    public func subscribe() throws(KafkaError) { fatalError("skeleton") }

    /// Starts fetching `partitions` into queues of their own, from `positions` where given, else from the group's
    /// committed position.
    public func assign(_ partitions: [TopicPartition], from positions: [TopicPartition: Offset] = [:]) {
        fatalError("skeleton")
    }
    public func unassign(_ partitions: [TopicPartition]) { fatalError("skeleton") }

    /// The next record of an assigned partition; nil when its queue is empty, and `onReady` will tell when it no
    /// longer is. Never waits.
    public func poll(_ partition: TopicPartition) -> ConsumerRecord? { fatalError("skeleton") }

    /// Commits positions (next to read) with their metadata; `.committed` reports the end.
    public func commit(_ positions: [TopicPartition: CommittedPosition]) { fatalError("skeleton") }

    /// Commits and suspends until the broker has answered, or `deadline` has passed.
    public func commitAndWait(_ positions: [TopicPartition: CommittedPosition], deadline: Instant) async
        throws(KafkaError)
    { fatalError("skeleton") }

    /// What the group has committed.
    public func committed(_ partitions: [TopicPartition], deadline: Instant) async throws(KafkaError)
        -> [TopicPartition: CommittedPosition]
    { fatalError("skeleton") }

    /// Leaves the group and frees everything, off the loop; gives up at `deadline`.
    public func close(deadline: Instant) async { fatalError("skeleton") }
}

/// An idempotent producer.
@RequestPath
public final class KafkaProducer {
    public init(
        properties: [KafkaProperty], logger: Logger, onFatal: @escaping @RequestPath (KafkaError) -> Void
    ) throws(KafkaError) { fatalError("skeleton") }

    /// Produces `record` and suspends until the broker has acknowledged it; returns its offset. Waits while the
    /// local queue is full. An out-of-range `partition` throws `unknownTopicOrPartition` (never crashes: kafka 7.2).
    @discardableResult
    public func publish(_ record: ProducerRecord) async throws(KafkaError) -> Offset { fatalError("skeleton") }

    /// Produces `record` without waiting; what fails is counted and logged.
    public func post(_ record: ProducerRecord) { fatalError("skeleton") }

    /// The number of partitions of `topic`; nil when it does not exist. Cached; asks the broker when not known.
    public func partitionCount(of topic: String, deadline: Instant) async -> Int32? { fatalError("skeleton") }

    /// Suspends until everything produced has been acknowledged or has failed, or `deadline` has passed.
    public func flush(deadline: Instant) async { fatalError("skeleton") }
    public func close(deadline: Instant) async { fatalError("skeleton") }
}
