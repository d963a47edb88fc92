import CRdKafka
import Synchronization

/// Whether a consumer is joining its group.
///
/// A cooperative member keeps its partitions while it joins again, and librdkafka tells nobody that it does. But the
/// coordinator answers the requests of a connection in order, so a commit that follows a JoinGroup request is looked at
/// when the join is over, is of a generation that is over, too, and costs the whole assignment (#4059, mended in 2.10.0).
/// Therefore each JoinGroup request is noted as it is written, by an interceptor on the broker's thread.
final class JoinGroupWatch: Sendable {
    private let sent = Atomic<Int>(0)
    private let ended = Atomic<Int>(0)

    var isJoining: Bool { sent.load(ordering: .relaxed) != ended.load(ordering: .relaxed) }

    /// What was sent so far has led to an event of the group, or is not waited for any longer.
    func end() { ended.store(sent.load(ordering: .relaxed), ordering: .relaxed) }

    /// Has clients that are made with these properties tell this watch, which must outlive them.
    func observe(_ configuration: OpaquePointer?) {
        rd_kafka_conf_interceptor_add_on_new(
            configuration, Self.name,
            { client, _, watch, _, _ in
                rd_kafka_interceptor_add_on_request_sent(
                    client, JoinGroupWatch.name,
                    { _, _, _, _, key, _, _, _, watch in
                        guard key == JoinGroupWatch.joinGroup, let watch else { return RD_KAFKA_RESP_ERR_NO_ERROR }
                        let owner = Unmanaged<JoinGroupWatch>.fromOpaque(watch).takeUnretainedValue()
                        owner.sent.wrappingAdd(1, ordering: .relaxed)
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    }, watch)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private static let name = "join-group"
    /// The request's number in Kafka's protocol.
    private static let joinGroup: Int16 = 11
}
