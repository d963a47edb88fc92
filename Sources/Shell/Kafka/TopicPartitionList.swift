import CRdKafka
import Glibc
import Partitions

/// Owns an `rd_kafka_topic_partition_list_t`; not copyable, so it is freed exactly once. One that is not freed
/// holds a reference to each partition, and destroying the client would wait for it for ever (kafka.md 7.3).
struct TopicPartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    private init(capacity: Int) {
        raw = rd_kafka_topic_partition_list_new(Int32(capacity))
    }

    init(topics: [String]) {
        self.init(capacity: topics.count)
        for topic in topics { rd_kafka_topic_partition_list_add(raw, topic, RD_KAFKA_PARTITION_UA) }
    }

    /// Without a position, librdkafka goes on from the group's committed one.
    init(_ partitions: [TopicPartition], from positions: [TopicPartition: Offset] = [:]) {
        self.init(capacity: partitions.count)
        for partition in partitions {
            let element = rd_kafka_topic_partition_list_add(raw, partition.topic, partition.partition)
            if let position = positions[partition] { element?.pointee.offset = position.rawValue }
        }
    }

    /// Positions to commit, with their metadata.
    init(_ positions: [TopicPartition: CommittedPosition]) {
        self.init(capacity: positions.count)
        for (partition, position) in positions {
            guard let offset = position.offset,
                let element = rd_kafka_topic_partition_list_add(raw, partition.topic, partition.partition)
            else { continue }
            element.pointee.offset = offset.rawValue
            guard !position.metadata.isEmpty else { continue }
            element.pointee.metadata = UnsafeMutableRawPointer(strdup(position.metadata))  // the list frees it
            element.pointee.metadata_size = position.metadata.utf8.count
        }
    }

    deinit { rd_kafka_topic_partition_list_destroy(raw) }

    /// One entry of a list, copied out.
    struct Element {
        var partition: TopicPartition
        /// Nil: one of librdkafka's markers, not an offset.
        var offset: Offset?
        var metadata: String
        var error: KafkaError?
    }

    var elements: [Element] { Self.elements(of: raw) }

    /// Reads a list that someone else owns, such as an event's.
    static func elements(of raw: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [Element] {
        (0..<Int(raw.pointee.cnt)).map { index in
            let element = raw.pointee.elems[index]
            let metadata = UnsafeRawBufferPointer(start: element.metadata, count: Int(element.metadata_size))
            return Element(
                partition: TopicPartition(topic: String(cString: element.topic), partition: element.partition),
                offset: element.offset >= 0 ? Offset(element.offset) : nil,
                metadata: String(decoding: metadata, as: UTF8.self), error: KafkaError.check(element.err))
        }
    }
}
