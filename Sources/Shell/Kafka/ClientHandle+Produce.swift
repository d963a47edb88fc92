import CRdKafka
import Partitions

extension ClientHandle {
    /// Queues `record` in librdkafka, which copies it; `slot` comes back in the delivery report. Never waits.
    ///
    /// Headers go as one object (`VTYPE_HEADERS`): with one element per header `rd_kafka_produceva` frees them twice
    /// before 2.12.0 (#4628) when the partition does not exist, and a remote peer can name the partition (kafka.md 7.2).
    func produce(_ record: ProducerRecord, slot: Int) -> KafkaError? {
        let headers = Self.headers(record.headers)
        let error = record.topic.withCString { topic in
            Self.withMemory(record.key) { key in
                Self.withMemory(record.value) { value in
                    withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 7) { arguments in
                        var count = 0
                        func add(_ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_t) -> Void) {
                            var argument = rd_kafka_vu_t()
                            argument.vtype = type
                            set(&argument)
                            (arguments.baseAddress! + count).initialize(to: argument)  // capacity is not 0
                            count += 1
                        }
                        add(RD_KAFKA_VTYPE_TOPIC) { $0.u.cstr = topic }
                        add(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = RD_KAFKA_MSG_F_COPY }
                        add(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = UnsafeMutableRawPointer(bitPattern: slot + 1) }
                        add(RD_KAFKA_VTYPE_KEY) { $0.u.mem = .init(ptr: key.start, size: key.count) }
                        add(RD_KAFKA_VTYPE_VALUE) { $0.u.mem = .init(ptr: value.start, size: value.count) }
                        if let partition = record.partition { add(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = partition } }
                        if let headers { add(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = headers } }
                        return rd_kafka_produceva(raw, arguments.baseAddress, count)
                    }
                }
            }
        }
        // On failure the headers remain ours.
        if error != nil, let headers { rd_kafka_headers_destroy(headers) }
        return KafkaError.check(taking: error)
    }

    /// The slot that a delivery report's message was produced with.
    static func slot(of message: UnsafePointer<rd_kafka_message_t>) -> Int {
        Int(bitPattern: message.pointee._private) - 1
    }

    private static func headers(_ headers: RecordHeaders) -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for index in 0..<headers.count {
            headers.name(at: index).withUnsafeBytes { name in
                withMemory(headers.value(at: index)) { value in
                    _ = rd_kafka_header_add(
                        list, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count, value.start,
                        value.count)
                }
            }
        }
        return list
    }

    private typealias Memory = (start: UnsafeMutableRawPointer?, count: Int)

    /// Null has no address; what is empty but not null must have one.
    private static func withMemory<Result>(
        _ bytes: (some RandomAccessCollection<UInt8> & ContiguousBytes)?, _ body: (Memory) -> Result
    ) -> Result {
        guard let bytes else { return body((nil, 0)) }
        return bytes.withUnsafeBytes { buffer in
            if let start = buffer.baseAddress, !buffer.isEmpty {
                return body((UnsafeMutableRawPointer(mutating: start), buffer.count))
            }
            return withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { body(($0.baseAddress, 0)) }
        }
    }
}

/// Arrays and their slices.
private protocol ContiguousBytes {
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}
extension [UInt8]: ContiguousBytes {}
extension ArraySlice<UInt8>: ContiguousBytes {}
