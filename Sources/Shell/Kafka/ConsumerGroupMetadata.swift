import CRdKafka

/// Who a consumer was in its group at one moment: what brokers check a transaction's positions against, so that a member
/// that was left behind cannot commit.
///
/// Unchecked: librdkafka only reads it, and it is destroyed with the last reference.
public final class ConsumerGroupMetadata: @unchecked Sendable {
    let raw: OpaquePointer

    private init(taking raw: OpaquePointer) { self.raw = raw }

    deinit { rd_kafka_consumer_group_metadata_destroy(raw) }

    /// Nil while the consumer is no member: brokers take positions without a generation from anyone, for the sake of
    /// clients from before KIP-447. Blocks, shortly.
    static func current(of consumer: ClientHandle) -> ConsumerGroupMetadata? {
        guard let raw = rd_kafka_consumer_group_metadata(consumer.raw) else { return nil }
        let metadata = ConsumerGroupMetadata(taking: raw)
        return metadata.generation.map { $0 >= 0 } ?? false ? metadata : nil
    }

    private static let signature = Array("CGMDv2:".utf8)

    /// librdkafka has no call for it: it is read from the serialised form, whose version is its signature.
    var generation: Int32? {
        var buffer: UnsafeMutableRawPointer?
        var size = 0
        guard KafkaError.check(taking: rd_kafka_consumer_group_metadata_write(raw, &buffer, &size)) == nil, let buffer
        else { return nil }
        defer { rd_kafka_mem_free(nil, buffer) }
        let bytes = UnsafeRawBufferPointer(start: buffer, count: size)
        guard bytes.count >= Self.signature.count + 4, bytes.starts(with: Self.signature) else { return nil }
        return bytes.loadUnaligned(fromByteOffset: Self.signature.count, as: Int32.self)
    }
}
