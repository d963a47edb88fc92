import CRdKafka
import Glibc

/// A raw librdkafka client for the load generator.
///
/// Unchecked: the pointer never changes, and librdkafka's handles may be used from any thread.
final class KafkaHandle: @unchecked Sendable {
    private let handle: OpaquePointer
    /// Delivery reports refer to it: it must outlive the handle.
    private let reports: LoadBooks?

    init(_ kind: rd_kafka_type_t, _ properties: [String: String], reports: LoadBooks?) throws(LoadError) {
        self.reports = reports
        var message = [CChar](repeating: 0, count: 256)
        let configuration = rd_kafka_conf_new()
        for (name, value) in properties {
            guard rd_kafka_conf_set(configuration, name, value, &message, message.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw LoadError(message: Self.text(message))
            }
        }
        if let reports {
            rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(reports).toOpaque())
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message, let opaque, message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
                Unmanaged<LoadBooks>.fromOpaque(opaque).takeUnretainedValue().recordUndelivered()
            }
        }
        guard let handle = rd_kafka_new(kind, configuration, &message, message.count) else {
            rd_kafka_conf_destroy(configuration)
            throw LoadError(message: Self.text(message))
        }
        self.handle = handle
    }

    deinit {
        if reports == nil {
            rd_kafka_consumer_close(handle)
        } else {
            // What is still queued has no one left to wait for it.
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
extension KafkaHandle {
    /// Queues a request; false if librdkafka's queue is full.
    func produce(_ body: [UInt8], to topic: String, correlationID: String) -> Bool {
        let headers = rd_kafka_headers_new(1)
        rd_kafka_header_add(headers, "correlation-id", -1, correlationID, correlationID.utf8.count)
        let failure = topic.withCString { topic in
            body.withUnsafeBytes { body in
                var fields = [
                    Self.field(RD_KAFKA_VTYPE_TOPIC) { $0.cstr = topic },
                    Self.field(RD_KAFKA_VTYPE_MSGFLAGS) { $0.i = RD_KAFKA_MSG_F_COPY },
                    Self.field(RD_KAFKA_VTYPE_VALUE) {
                        $0.mem.ptr = UnsafeMutableRawPointer(mutating: body.baseAddress)
                        $0.mem.size = body.count
                    },
                    Self.field(RD_KAFKA_VTYPE_HEADERS) { $0.headers = headers },
                ]
                return rd_kafka_produceva(handle, &fields, fields.count)
            }
        }
        guard let failure else { return true }
        let code = rd_kafka_error_code(failure)
        rd_kafka_error_destroy(failure)
        rd_kafka_headers_destroy(headers)  // a failed call leaves them here
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return false }
        reports?.recordUndelivered()
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
    func serveReports(waiting milliseconds: Int32) { rd_kafka_poll(handle, milliseconds) }
}

// The consumer.
extension KafkaHandle {
    /// Assigns every partition of `topic`, from its present end on.
    func readFromEnd(of topic: String) throws(LoadError) {
        rd_kafka_poll_set_consumer(handle)
        let partitions = rd_kafka_topic_partition_list_new(4)
        defer { rd_kafka_topic_partition_list_destroy(partitions) }
        for partition in try partitionsOf(topic) {
            var low: Int64 = 0
            var high: Int64 = 0
            try check(rd_kafka_query_watermark_offsets(handle, topic, partition, &low, &high, 10_000))
            rd_kafka_topic_partition_list_add(partitions, topic, partition).pointee.offset = high
        }
        try check(rd_kafka_assign(handle, partitions))
    }

    /// A topic that does not exist yet may appear by being asked for, and takes a moment for it.
    private func partitionsOf(_ topic: String) throws(LoadError) -> Range<Int32> {
        let reference = rd_kafka_topic_new(handle, topic, nil)
        defer { rd_kafka_topic_destroy(reference) }
        let deadline = Clock.monotonic + 10_000_000_000
        repeat {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            try check(rd_kafka_metadata(handle, 0, reference, &metadata, 10_000))
            guard let metadata else { continue }
            defer { rd_kafka_metadata_destroy(metadata) }
            if metadata.pointee.topic_cnt == 1, metadata.pointee.topics[0].partition_cnt > 0 {
                return 0..<metadata.pointee.topics[0].partition_cnt
            }
            usleep(50_000)
        } while Clock.monotonic < deadline
        throw LoadError(message: "the reply topic '\(topic)' does not exist")
    }

    /// Waits for a record, at most 50 ms, and hands over what its headers say.
    func poll(_ receive: (LoadBooks.Reply) -> Void) {
        guard let message = rd_kafka_consumer_poll(handle, 50) else { return }
        defer { rd_kafka_message_destroy(message) }
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return }
        if Self.header("x-relay-stream-index", headers) != nil, Self.header("x-relay-stream-end", headers) != "true" {
            return
        }
        guard let correlationID = Self.header("correlation-id", headers) else { return }
        let status = Self.header("x-relay-status", headers) ?? "none"
        receive(LoadBooks.Reply(correlationID: correlationID, status: status))
    }

    private static func header(_ name: String, _ headers: OpaquePointer) -> String? {
        var value: UnsafeRawPointer?
        var size = 0
        guard rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return Bytes(start: value, count: size).text
    }

    private func check(_ code: rd_kafka_resp_err_t) throws(LoadError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw LoadError(message: String(cString: rd_kafka_err2str(code)))
        }
    }
}
