import CRdKafka

/// An `rd_kafka_t`.
///
/// Unchecked: librdkafka's functions may be called on one client from any thread. `ClientInstance` destroys it, after
/// the last call on another thread has returned.
struct ClientHandle: @unchecked Sendable {
    let raw: OpaquePointer

    /// Why the client cannot go on; nil while it can.
    var fatalError: KafkaError? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(raw, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        let message = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return KafkaError(.fatal, name: String(cString: rd_kafka_err2name(code)), message: message)
    }
}
