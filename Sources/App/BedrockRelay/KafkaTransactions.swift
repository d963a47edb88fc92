import EventLoop
import Kafka
import Partitions
import Pipeline
import Time

/// The transactional producer and the consumer's membership as the pipeline's runner of transactions.
@RequestPath
final class KafkaTransactions: TransactionRunner {
    let producer: TransactionalProducer
    /// Set when it is there.
    var consumer: KafkaConsumer?
    private let health: Health
    private let loop = EventLoop.shared
    private var group: ConsumerGroupMetadata?

    private static let patience = Duration.seconds(10)

    init(producer: TransactionalProducer, health: Health) {
        self.producer = producer
        self.health = health
    }

    func prepare() async -> Bool {
        let deadline = loop.now.advanced(by: Self.patience)
        guard await producer.untilStarted(deadline: deadline) else { return false }
        group = await consumer?.groupMetadata(deadline: deadline)
        return group != nil
    }

    func run(_ records: [ProducerRecord], _ positions: [TopicPartition: CommittedPosition]) async -> TransactionEnd {
        guard let group else { preconditionFailure("a transaction is prepared before it is run") }
        switch await producer.commit(records, positions, of: group) {
        case .committed:
            health.sawBroker(now: loop.now)
            return .committed
        case .aborted(let error, let failures):
            return .aborted(reason: error.description, failures: failures.mapValues { DeliveryError($0) })
        case .unknown(let error):
            return .unknown(reason: error.description)
        }
    }

    func settledPositions(_ partitions: [TopicPartition]) async -> [TopicPartition: CommittedPosition]? {
        let deadline = loop.now.advanced(by: Self.patience)
        guard await producer.untilStarted(deadline: deadline) else { return nil }
        return try? await consumer?.committed(partitions, deadline: deadline)
    }
}

/// Names producers of transactions, one name for each live instance: of two with the same one brokers fence the older.
enum TransactionalID {
    /// A static member's name outlives its process, so that its next start ends at once what a crash has left open. For
    /// any other nothing that two live processes cannot share is known (hosts share names, containers process ids), so
    /// theirs ends with `nonce`, and what a crash has left ends when its time is over.
    static func make(group: String, groupInstance: String?, instance: String, nonce: UInt64) -> String {
        if let groupInstance, !groupInstance.isEmpty { return "\(group)-\(groupInstance)" }
        return "\(group)-\(instance)-\(String(nonce, radix: 16))"
    }
}
