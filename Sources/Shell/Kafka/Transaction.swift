import CRdKafka
import EventLoop
import Glibc
import Partitions
import Time

/// One transaction on a thread that may block: begun, filled and committed, or aborted and begun again, until it is
/// committed or time is up.
struct Transaction {
    let handle: ClientHandle
    let deadline: Instant

    /// Nil when it is committed. What is begun again was aborted: while it is not known whether a commit was carried
    /// out librdkafka asks for the same call again, never for an abort.
    func write(
        _ records: [ProducerRecord], progress: [TopicPartition: CommittedPosition], of group: String
    ) -> KafkaError? {
        while true {
            do throws(TransactionFailure) {
                if let failure = handle.beginTransaction() { throw failure }
                for record in records { try produce(record) }
                try send(progress, of: group)
                try repeating { rd_kafka_commit_transaction(handle.raw, remaining) }
                return nil
            } catch {
                guard error.remedy != .rebuild else { return error.error }
                if let second = abort() { return second }
                guard error.remedy == .abort, EventLoop.shared.now < deadline else { return error.error }
                usleep(ClientHandle.pauseBetweenCalls)
            }
        }
    }

    private func abort() -> KafkaError? {
        ClientHandle.repeating(until: deadline) { rd_kafka_abort_transaction(handle.raw, remaining) }?.error
    }

    private func produce(_ record: ProducerRecord) throws(TransactionFailure) {
        while let error = handle.produce(record, slot: 0) {
            switch error.kind {
            case .fatal: throw TransactionFailure(error: handle.fatalError ?? error, remedy: .rebuild)
            case .queueFull where EventLoop.shared.now < deadline: usleep(ClientHandle.pauseBetweenCalls)
            default: throw TransactionFailure(error: error, remedy: .unknown)
            }
        }
    }

    private func send(
        _ progress: [TopicPartition: CommittedPosition], of group: String
    ) throws(TransactionFailure) {
        guard let metadata = rd_kafka_consumer_group_metadata_new(group) else {
            throw TransactionFailure(error: KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG), remedy: .unknown)
        }
        defer { rd_kafka_consumer_group_metadata_destroy(metadata) }
        let list = TopicPartitionList(progress)
        let raw = list.raw
        try repeating { rd_kafka_send_offsets_to_transaction(handle.raw, raw, metadata, remaining) }
    }

    private func repeating(_ call: () -> OpaquePointer?) throws(TransactionFailure) {
        if let failure = ClientHandle.repeating(until: deadline, call) { throw failure }
    }

    private var remaining: Int32 { deadline.millisecondsLeft }
}

extension Instant {
    /// Until then, as librdkafka takes time limits: a millisecond at least, an hour at most.
    var millisecondsLeft: Int32 {
        max(1, Int32(clamping: Int(min(since(EventLoop.shared.now), .seconds(3600)).inMilliseconds)))
    }
}
