public import Partitions

/// What a consumer reports. Each of the first three is to be answered.
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
