import CRdKafka
import Glibc
import Synchronization

/// Stands in for the relay: copies each record of a one-partition topic to another, headers and a status included.
final class RawKafkaEcho: Sendable {
    private let isStopped = Atomic<Bool>(false)
    private let thread = Mutex<pthread_t?>(nil)
    private let bootstrapServers: String
    private let source: String
    private let target: String
    private let copies: Int

    init(bootstrapServers: String, from source: String, to target: String, copies: Int = 1) {
        self.bootstrapServers = bootstrapServers
        self.source = source
        self.target = target
        self.copies = copies
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<RawKafkaEcho>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        self.thread.withLock { $0 = thread }
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        thread.withLock { thread in
            if let running = thread { pthread_join(running, nil) }
            thread = nil
        }
    }

    private func client(_ kind: rd_kafka_type_t, _ properties: [String: String]) -> OpaquePointer? {
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set(configuration, "bootstrap.servers", bootstrapServers, nil, 0)
        for (name, value) in properties { rd_kafka_conf_set(configuration, name, value, nil, 0) }
        return rd_kafka_new(kind, configuration, nil, 0)
    }

    private func run() {
        let consumer = client(
            RD_KAFKA_CONSUMER, ["group.id": "echo", "fetch.wait.max.ms": "10", "enable.auto.commit": "false"])
        let producer = client(RD_KAFKA_PRODUCER, ["linger.ms": "0"])
        rd_kafka_poll_set_consumer(consumer)
        let partitions = rd_kafka_topic_partition_list_new(1)
        rd_kafka_topic_partition_list_add(partitions, source, 0).pointee.offset = 0
        rd_kafka_assign(consumer, partitions)
        rd_kafka_topic_partition_list_destroy(partitions)
        while !isStopped.load(ordering: .relaxed) {
            if let message = rd_kafka_consumer_poll(consumer, 20) {
                if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                    for _ in 0..<copies { copy(message, producer) }
                }
                rd_kafka_message_destroy(message)
            }
            rd_kafka_poll(producer, 0)
        }
        rd_kafka_flush(producer, 5000)
        rd_kafka_destroy(producer)
        rd_kafka_consumer_close(consumer)
        rd_kafka_destroy(consumer)
    }

    private func copy(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ producer: OpaquePointer?) {
        var borrowed: OpaquePointer?
        rd_kafka_message_headers(message, &borrowed)
        let headers = rd_kafka_headers_copy(borrowed)
        rd_kafka_header_add(headers, "x-relay-status", -1, "200", 3)
        target.withCString { target in
            var fields = [rd_kafka_vu_t(), rd_kafka_vu_t(), rd_kafka_vu_t(), rd_kafka_vu_t()]
            fields[0].vtype = RD_KAFKA_VTYPE_TOPIC
            fields[0].u.cstr = target
            fields[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS
            fields[1].u.i = RD_KAFKA_MSG_F_COPY
            fields[2].vtype = RD_KAFKA_VTYPE_VALUE
            fields[2].u.mem.ptr = message.pointee.payload
            fields[2].u.mem.size = message.pointee.len
            fields[3].vtype = RD_KAFKA_VTYPE_HEADERS
            fields[3].u.headers = headers
            if let failure = rd_kafka_produceva(producer, &fields, fields.count) {
                rd_kafka_error_destroy(failure)
                rd_kafka_headers_destroy(headers)
            }
        }
    }
}
