import CRdKafka
import Glibc

/// A librdkafka client with nothing around it: for loads, and for the floor that the relay is measured beside.
///
/// Unchecked: the pointers never change, and librdkafka's handles may be used from any thread.
package final class RawKafka: @unchecked Sendable {
    let handle: OpaquePointer
    /// A consumer's.
    private let queue: OpaquePointer?
    /// Delivery reports refer to it: it must outlive the handle.
    private let reports: Reports?

    private final class Reports: Sendable {
        let onUndelivered: @Sendable () -> Void

        init(_ onUndelivered: @escaping @Sendable () -> Void) { self.onUndelivered = onUndelivered }
    }

    /// A producer, with a report for every record. `onUndelivered` is told of those that the brokers did not take.
    package init(
        producer properties: [String: String], onUndelivered: @escaping @Sendable () -> Void = {}
    ) throws(LoadError) {
        let reports = Reports(onUndelivered)
        handle = try Self.client(RD_KAFKA_PRODUCER, properties) { configuration in
            rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(reports).toOpaque())
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message, let opaque, message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
                Unmanaged<Reports>.fromOpaque(opaque).takeUnretainedValue().onUndelivered()
            }
        }
        self.reports = reports
        queue = nil
    }

    package init(consumer properties: [String: String]) throws(LoadError) {
        handle = try Self.client(RD_KAFKA_CONSUMER, properties) { _ in }
        rd_kafka_poll_set_consumer(handle)
        queue = rd_kafka_queue_get_consumer(handle)
        reports = nil
    }

    deinit {
        if let queue {
            rd_kafka_queue_destroy(queue)
            rd_kafka_consumer_close(handle)
        } else {
            // What is still queued has no one left to wait for it.
            rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            rd_kafka_poll(handle, 0)
        }
        rd_kafka_destroy(handle)
    }

    private static func client(
        _ kind: rd_kafka_type_t, _ properties: [String: String], _ configure: (OpaquePointer?) -> Void
    ) throws(LoadError) -> OpaquePointer {
        var message = [CChar](repeating: 0, count: 256)
        let configuration = rd_kafka_conf_new()
        for (name, value) in properties {
            guard rd_kafka_conf_set(configuration, name, value, &message, message.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw LoadError(message: text(message))
            }
        }
        configure(configuration)
        guard let handle = rd_kafka_new(kind, configuration, &message, message.count) else {
            rd_kafka_conf_destroy(configuration)
            throw LoadError(message: text(message))
        }
        return handle
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

// MARK: - The producer

extension RawKafka {
    /// Queues a record; takes `headers` over. False, and `headers` left, if librdkafka's queue is full. What it refuses
    /// for another reason is undelivered.
    package func produce(_ value: UnsafeRawBufferPointer, to topic: String, headers: OpaquePointer?) -> Bool {
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
        let code = rd_kafka_error_code(failure)
        rd_kafka_error_destroy(failure)
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return false }
        if let headers { rd_kafka_headers_destroy(headers) }  // a failed call leaves them here
        reports?.onUndelivered()
        return true
    }

    private typealias FieldValue = rd_kafka_vu_t.__Unnamed_union_u

    private static func field(_ type: rd_kafka_vtype_t, _ set: (inout FieldValue) -> Void) -> rd_kafka_vu_t {
        var field = rd_kafka_vu_t()
        field.vtype = type
        set(&field.u)
        return field
    }

    /// Delivery reports arrive within this call.
    package func serve(waiting milliseconds: Int32 = 0) { rd_kafka_poll(handle, milliseconds) }
}

// MARK: - The consumer

extension RawKafka {
    /// Reads these partitions from these offsets on; no consumer group.
    package func assign(_ positions: [(topic: String, partition: Int32, offset: Int64)]) throws(LoadError) {
        let list = rd_kafka_topic_partition_list_new(Int32(positions.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for (topic, partition, offset) in positions {
            rd_kafka_topic_partition_list_add(list, topic, partition).pointee.offset = offset
        }
        try check(rd_kafka_assign(handle, list))
    }

    /// Hands over one record if there is any, or comes within so many milliseconds. Whether there was one.
    package func consume(waiting milliseconds: Int32, _ take: (borrowing RawRecord) -> Void) -> Bool {
        guard let message = rd_kafka_consume_queue(queue, milliseconds) else { return false }
        defer { rd_kafka_message_destroy(message) }
        if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR { take(RawRecord(message: message)) }
        return true
    }

    func check(_ code: rd_kafka_resp_err_t) throws(LoadError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw LoadError(message: String(cString: rd_kafka_err2str(code)))
        }
    }
}

/// A consumed record, valid for as long as it is being handed over.
package struct RawRecord: ~Copyable {
    fileprivate let message: UnsafeMutablePointer<rd_kafka_message_t>

    package var value: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len)
    }

    package var topic: String { String(cString: rd_kafka_topic_name(message.pointee.rkt)) }

    /// Its headers, for another record.
    package func copiedHeaders() -> OpaquePointer? { headers.flatMap { rd_kafka_headers_copy($0) } }

    package func header(_ name: String) -> String? {
        var value: UnsafeRawPointer?
        var size = 0
        guard let headers,
            rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR
        else { return nil }
        return Bytes(start: value, count: size).text
    }

    private var headers: OpaquePointer? {
        var headers: OpaquePointer?
        return rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : nil
    }
}
