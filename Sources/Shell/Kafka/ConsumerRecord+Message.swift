import CRdKafka
import Partitions

extension ConsumerRecord {
    /// Copies a message out of librdkafka's fetch buffer: one retained message would pin the whole fetch (kafka.md 7.3).
    init(_ message: UnsafePointer<rd_kafka_message_t>, of source: TopicPartition) {
        let fields = message.pointee
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &kind)
        self.init(
            source: source, offset: Offset(fields.offset), timestamp: timestamp, timestampKind: TimestampKind(kind),
            key: Self.bytes(fields.key, fields.key_len), value: Self.bytes(fields.payload, fields.len),
            headers: RecordHeaders(message))
    }

    /// No pointer is a null value, which a tombstone has; an empty value has a pointer.
    private static func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        start.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
    }
}

extension ConsumerRecord.TimestampKind {
    fileprivate init(_ kind: rd_kafka_timestamp_type_t) {
        switch kind {
        case RD_KAFKA_TIMESTAMP_CREATE_TIME: self = .createTime
        case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME: self = .logAppendTime
        default: self = .none
        }
    }
}

extension RecordHeaders {
    fileprivate init(_ message: UnsafePointer<rd_kafka_message_t>) {
        self.init()
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        let count = rd_kafka_header_cnt(headers)
        reserveCapacity(headers: count, bytes: count * 48)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        for index in 0..<count {
            let found = rd_kafka_header_get_all(headers, index, &name, &value, &size)
            guard found == RD_KAFKA_RESP_ERR_NO_ERROR, let name else { return }
            let nameBytes = UnsafeRawBufferPointer(start: name, count: length(of: name))
            append(name: nameBytes, bytes: value.map { UnsafeRawBufferPointer(start: $0, count: size) })
        }
    }

    private func length(of text: UnsafePointer<CChar>) -> Int {
        var length = 0
        while text[length] != 0 { length += 1 }
        return length
    }
}
