import CRdKafka
import Glibc
import Partitions

/// One transaction on a thread that may block: begun, filled and committed, or aborted and begun again, until it is
/// committed or time is up.
struct Transaction {
    private let handle: ClientHandle
    private let end: timespec

    /// The deadline counts from here.
    init(_ handle: ClientHandle, milliseconds: Int32) {
        self.handle = handle
        var end = Self.now
        end.tv_sec += Int(milliseconds / 1000)
        end.tv_nsec += Int(milliseconds % 1000) * 1_000_000
        self.end = end
    }

    /// What librdkafka says to do about an error (kafka.md 3.1: fatal, then abort, then the same call again).
    private struct Failure: Error {
        enum Kind { case fatal, needsAbort, retriable, permanent }
        var kind: Kind
        var error: KafkaError

        init?(taking raw: OpaquePointer?) {
            guard let raw else { return nil }
            kind =
                if rd_kafka_error_is_fatal(raw) != 0 { .fatal } else if rd_kafka_error_txn_requires_abort(raw) != 0 {
                    .needsAbort
                } else if rd_kafka_error_is_retriable(raw) != 0 { .retriable } else { .permanent }
            guard let error = KafkaError.check(taking: raw) else { return nil }
            self.error = error
        }

        init(_ kind: Kind, _ error: KafkaError) {
            self.kind = kind
            self.error = error
        }
    }

    /// Nil when it is committed. What is begun again was aborted: while it is not known whether a commit was carried
    /// out librdkafka asks for the same call again, never for an abort.
    func write(
        _ records: [ProducerRecord], progress: [TopicPartition: CommittedPosition], of group: String
    ) -> KafkaError? {
        while true {
            do throws(Failure) {
                try check(rd_kafka_begin_transaction(handle.raw))
                for record in records { try produce(record) }
                try send(progress, of: group)
                try repeating { rd_kafka_commit_transaction(handle.raw, remaining) }
                return nil
            } catch {
                guard error.kind != .fatal else { return error.error }
                if let second = abort() { return second }
                guard error.kind == .needsAbort, remaining > Self.pause else { return error.error }
                Self.rest()
            }
        }
    }

    private func abort() -> KafkaError? {
        do throws(Failure) {
            try repeating { rd_kafka_abort_transaction(handle.raw, remaining) }
            return nil
        } catch {
            return error.error
        }
    }

    private func produce(_ record: ProducerRecord) throws(Failure) {
        while let error = handle.produce(record, slot: 0) {
            switch error.kind {
            case .fatal: throw Failure(.fatal, handle.fatalError ?? error)
            case .queueFull where remaining > Self.pause: Self.rest()
            default: throw Failure(.permanent, error)
            }
        }
    }

    private func send(_ progress: [TopicPartition: CommittedPosition], of group: String) throws(Failure) {
        let list = TopicPartitionList(progress)
        guard let metadata = rd_kafka_consumer_group_metadata_new(group) else {
            throw Failure(.permanent, KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG))
        }
        defer { rd_kafka_consumer_group_metadata_destroy(metadata) }
        let raw = list.raw
        try repeating { rd_kafka_send_offsets_to_transaction(handle.raw, raw, metadata, remaining) }
    }

    /// The same call with the same arguments while that may help.
    private func repeating(_ call: () -> OpaquePointer?) throws(Failure) {
        while let failure = Failure(taking: call()) {
            guard failure.kind == .retriable, remaining > Self.pause else { throw failure }
            Self.rest()
        }
    }

    private func check(_ raw: OpaquePointer?) throws(Failure) {
        if let failure = Failure(taking: raw) { throw failure }
    }

    /// Milliseconds, at least one.
    private var remaining: Int32 {
        let now = Self.now
        let milliseconds = (end.tv_sec - now.tv_sec) * 1000 + (end.tv_nsec - now.tv_nsec) / 1_000_000
        return Int32(clamping: max(1, milliseconds))
    }

    private static let pause: Int32 = 100

    private static func rest() { usleep(UInt32(pause) * 1000) }

    private static var now: timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time
    }
}
