import CRdKafka
import EventLoop
import Glibc
import Partitions
import Time

/// How a transactional call failed, and so what is left to do.
struct TransactionFailure: Error {
    enum Remedy {
        /// Nothing has been decided: the same call, again.
        case retry
        /// The transaction cannot be committed.
        case abort
        /// The instance cannot go on.
        case rebuild
        /// librdkafka names none.
        case unknown
    }

    var error: KafkaError
    var remedy: Remedy

    init(error: KafkaError, remedy: Remedy) {
        self.error = error
        self.remedy = remedy
    }

    /// Takes over an `rd_kafka_error_t`; nil for no error. In the order that librdkafka prescribes.
    init?(taking raw: OpaquePointer?) {
        guard let raw else { return nil }
        if rd_kafka_error_is_fatal(raw) != 0 {
            remedy = .rebuild
        } else if rd_kafka_error_txn_requires_abort(raw) != 0 {
            remedy = .abort
        } else {
            remedy = rd_kafka_error_is_retriable(raw) != 0 ? .retry : .unknown
        }
        error = KafkaError(rd_kafka_error_code(raw), message: String(cString: rd_kafka_error_string(raw)))
        rd_kafka_error_destroy(raw)
    }
}

/// How a transaction ended, as far as this instance of the producer can tell.
enum TransactionEnding: Sendable {
    case committed
    case aborted(KafkaError)
    /// The instance cannot go on.
    case broken(KafkaError, mayBeCommitted: Bool)
}

/// Transactional calls. All of them block, and repeat what may be repeated until `deadline`.
extension ClientHandle {
    /// How long one call waits for the brokers before it is repeated.
    private static let callTimeout: Int32 = 5_000
    static let pauseBetweenCalls: UInt32 = 50_000

    /// Ends what an earlier instance with the same transactional id has left, and begins the first transaction.
    func startTransactions(deadline: Instant) -> TransactionFailure? {
        Self.repeating(until: deadline) { rd_kafka_init_transactions(raw, Self.callTimeout) } ?? beginTransaction()
    }

    /// Brokers learn of it with its first record.
    func beginTransaction() -> TransactionFailure? {
        TransactionFailure(taking: rd_kafka_begin_transaction(raw))
    }

    /// Commits what has been produced together with `positions`.
    func commitTransaction(
        _ positions: [TopicPartition: CommittedPosition], of group: ConsumerGroupMetadata, deadline: Instant
    ) -> TransactionEnding {
        if !positions.isEmpty {
            let list = TopicPartitionList(positions)
            let failure = Self.repeating(until: deadline) {
                rd_kafka_send_offsets_to_transaction(raw, list.raw, group.raw, Self.callTimeout)
            }
            if let failure {
                switch failure.remedy {
                case .rebuild, .unknown: return .broken(failure.error, mayBeCommitted: false)
                case .retry, .abort: return abortTransaction(because: failure.error, deadline: deadline)
                }
            }
        }
        // -1, the transaction's remaining time: other values can lose librdkafka's place in the protocol.
        guard let failure = Self.repeating(until: deadline, { rd_kafka_commit_transaction(raw, -1) }) else {
            return .committed
        }
        guard failure.remedy == .abort else { return .broken(failure.error, mayBeCommitted: true) }
        return abortTransaction(because: failure.error, deadline: deadline)
    }

    func abortTransaction(because reason: KafkaError, deadline: Instant) -> TransactionEnding {
        guard let failure = Self.repeating(until: deadline, { rd_kafka_abort_transaction(raw, -1) }) else {
            return .aborted(reason)
        }
        return .broken(failure.error, mayBeCommitted: false)
    }

    /// The same call with the same arguments while that may help.
    static func repeating(until deadline: Instant, _ call: () -> OpaquePointer?) -> TransactionFailure? {
        while true {
            guard let failure = TransactionFailure(taking: call()) else { return nil }
            guard failure.remedy == .retry, EventLoop.shared.now < deadline else { return failure }
            usleep(pauseBetweenCalls)
        }
    }
}
