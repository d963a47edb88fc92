/// A record's own offset within its partition.
public struct Offset: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    public var next: Offset { Offset(rawValue + 1) }

    public static func < (left: Offset, right: Offset) -> Bool { left.rawValue < right.rawValue }
}

/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable {
    public let topic: String
    public let partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}

/// One consumed record, copied out of librdkafka's fetch buffer.
public struct ConsumerRecord: Sendable {
    public let source: TopicPartition
    public let offset: Offset
    /// Unix milliseconds; negative when the broker gave none.
    public let timestamp: Int64
    public let timestampKind: TimestampKind
    public let key: [UInt8]?
    public let value: [UInt8]?
    public let headers: RecordHeaders

    public enum TimestampKind: Sendable {
        case none
        case createTime
        case logAppendTime
    }

    public init(
        source: TopicPartition, offset: Offset, timestamp: Int64, timestampKind: TimestampKind = .createTime,
        key: [UInt8]?, value: [UInt8]?, headers: RecordHeaders = RecordHeaders()
    ) {
        self.source = source
        self.offset = offset
        self.timestamp = timestamp
        self.timestampKind = timestampKind
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// One record to produce. `partition` nil leaves the choice to the key partitioner (murmur2, as Java clients).
public struct ProducerRecord: Sendable {
    public var topic: String
    public var partition: Int32?
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: RecordHeaders

    public init(
        topic: String, partition: Int32? = nil, key: [UInt8]? = nil, value: [UInt8]?,
        headers: RecordHeaders = RecordHeaders()
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}

extension ConsumerRecord {
    /// Key, value and headers: what a record counts for in `max_buffered_bytes`.
    public var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + headers.byteCount }
}

extension ProducerRecord {
    /// Key, value and headers: what a record counts for in `max_buffered_bytes`.
    public var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + headers.byteCount }
}
