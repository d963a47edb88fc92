import CRdKafka
import Glibc

/// A librdkafka client with nothing around it.
final class RawKafka {
    private let handle: OpaquePointer
    private var queue: OpaquePointer?

    private init(_ kind: rd_kafka_type_t, _ properties: [String: String]) throws(Unmeasurable) {
        var message = [CChar](repeating: 0, count: 256)
        let configuration = rd_kafka_conf_new()
        for (name, value) in properties {
            guard rd_kafka_conf_set(configuration, name, value, &message, message.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw Unmeasurable("librdkafka: \(Self.text(message))")
            }
        }
        // As the relay has one: a report for every record is part of the cost.
        if kind == RD_KAFKA_PRODUCER { rd_kafka_conf_set_dr_msg_cb(configuration) { _, _, _ in } }
        guard let handle = rd_kafka_new(kind, configuration, &message, message.count) else {
            rd_kafka_conf_destroy(configuration)
            throw Unmeasurable("librdkafka: \(Self.text(message))")
        }
        self.handle = handle
    }

    deinit {
        if let queue {
            rd_kafka_queue_destroy(queue)
            rd_kafka_consumer_close(handle)
        } else {
            rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            rd_kafka_poll(handle, 0)
        }
        rd_kafka_destroy(handle)
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

// The producer.
extension RawKafka {
    static func producer(_ brokers: String, linger: Double) throws(Unmeasurable) -> RawKafka {
        try RawKafka(RD_KAFKA_PRODUCER, KafkaTuning.producer(brokers, linger: linger))
    }

    /// Queues a record; takes `headers` over. False, and `headers` left, if librdkafka's queue is full.
    func produce(_ value: UnsafeRawBufferPointer, to topic: String, headers: OpaquePointer?) -> Bool {
        let failure = topic.withCString { topic in
            var fields = [
                Self.field(RD_KAFKA_VTYPE_TOPIC) { $0.cstr = topic },
                Self.field(RD_KAFKA_VTYPE_MSGFLAGS) { $0.i = RD_KAFKA_MSG_F_COPY },
                Self.field(RD_KAFKA_VTYPE_VALUE) {
                    // The field is not const although librdkafka copies out of it only.
                    $0.mem.ptr = UnsafeMutableRawPointer(mutating: value.baseAddress)
                    $0.mem.size = value.count
                },
                Self.field(RD_KAFKA_VTYPE_HEADERS) { $0.headers = headers },
            ]
            return rd_kafka_produceva(handle, &fields, fields.count)
        }
        guard let failure else { return true }
        rd_kafka_error_destroy(failure)
        return false
    }

    private typealias FieldValue = rd_kafka_vu_t.__Unnamed_union_u

    private static func field(_ type: rd_kafka_vtype_t, _ set: (inout FieldValue) -> Void) -> rd_kafka_vu_t {
        var field = rd_kafka_vu_t()
        field.vtype = type
        set(&field.u)
        return field
    }

    /// Serves delivery reports.
    func serve(waiting milliseconds: Int32 = 0) { rd_kafka_poll(handle, milliseconds) }
}

// The consumer.
extension RawKafka {
    /// Reads every partition of these topics from the beginning; no consumer group.
    static func consumer(_ brokers: String, of topics: [String]) throws(Unmeasurable) -> RawKafka {
        let client = try RawKafka(RD_KAFKA_CONSUMER, KafkaTuning.consumer(brokers))
        rd_kafka_poll_set_consumer(client.handle)
        client.queue = rd_kafka_queue_get_consumer(client.handle)
        let list = rd_kafka_topic_partition_list_new(16)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for topic in topics {
            for partition in 0..<World.partitions {
                rd_kafka_topic_partition_list_add(list, topic, Int32(partition)).pointee.offset = 0
            }
        }
        let code = rd_kafka_assign(client.handle, list)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw Unmeasurable("librdkafka: \(String(cString: rd_kafka_err2str(code)))")
        }
        return client
    }

    /// Hands over one record if there is any, or comes within so many milliseconds. Whether there was one.
    func consume(waiting milliseconds: Int32, _ take: (borrowing RawRecord) -> Void) -> Bool {
        guard let message = rd_kafka_consume_queue(queue, milliseconds) else { return false }
        defer { rd_kafka_message_destroy(message) }
        if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR { take(RawRecord(message: message)) }
        return true
    }
}

/// A consumed record, valid for as long as it is being handed over.
struct RawRecord: ~Copyable {
    fileprivate let message: UnsafeMutablePointer<rd_kafka_message_t>

    var value: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len)
    }

    var topic: String { String(cString: rd_kafka_topic_name(message.pointee.rkt)) }

    /// Its headers, for another record.
    func copiedHeaders() -> OpaquePointer? {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return rd_kafka_headers_copy(headers)
    }

    func header(_ name: String) -> String? {
        var headers: OpaquePointer?
        var value: UnsafeRawPointer?
        var size = 0
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR,
            rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR
        else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: value, count: size), as: UTF8.self)
    }
}
