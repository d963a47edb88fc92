import EventLoop
import Kafka
import Logging
import Partitions
import Pipeline
import Time

/// The producer as the pipeline's publisher: errors become what to do next.
@RequestPath
final class KafkaPublisher: RecordPublisher {
    private let producer: KafkaProducer
    /// What writes the records whose topics are asked for, under `exactly_once`.
    private let transactions: TransactionalProducer?
    private let health: Health
    private let loop = EventLoop.shared

    /// How long a request waits to learn whether its reply topic exists.
    private static let metadataPatience = Duration.seconds(5)

    init(producer: KafkaProducer, transactions: TransactionalProducer?, health: Health) {
        self.producer = producer
        self.transactions = transactions
        self.health = health
    }

    func publish(_ record: ProducerRecord) async throws(DeliveryError) {
        switch await withUnsafeContinuation({ producer.publish(record, resuming: $0) }) {
        case .success: health.sawBroker(now: loop.now)
        case .failure(let error): throw DeliveryError(error)
        }
    }

    func post(_ record: ProducerRecord) {
        producer.post(record)
    }

    func partitionCount(of topic: String) async -> Int32? {
        let deadline = loop.now.advanced(by: Self.metadataPatience)
        if let transactions { return await transactions.partitionCount(of: topic, deadline: deadline) }
        return await producer.partitionCount(of: topic, deadline: deadline)
    }
}

extension DeliveryError {
    init(_ error: KafkaError) {
        let kind: Kind =
            switch error.kind {
            case .messageTooLarge: .tooLarge
            case .unknownTopicOrPartition, .notAuthorized, .invalidRecord: .refused
            case .configuration, .queueFull, .timedOut, .allBrokersDown, .fatal, .other: .unavailable
            }
        self.init(kind, message: error.description)
    }
}

/// The consumer as the pipeline's source.
@RequestPath
final class KafkaSource: RecordSource {
    private let consumer: KafkaConsumer
    private let logger: Logger
    private let loop = EventLoop.shared

    private static let commitPatience = Duration.seconds(10)

    init(consumer: KafkaConsumer, logger: Logger) {
        self.consumer = consumer
        self.logger = logger
    }

    func poll(_ partition: TopicPartition) -> ConsumerRecord? { consumer.poll(partition) }

    func assign(_ partitions: [TopicPartition], from positions: [TopicPartition: Offset]) {
        consumer.assign(partitions, from: positions)
    }

    func unassign(_ partitions: [TopicPartition]) { consumer.unassign(partitions) }

    func committed(_ partitions: [TopicPartition]) async -> [TopicPartition: CommittedPosition]? {
        do throws(KafkaError) {
            return try await consumer.committed(partitions, deadline: loop.now.advanced(by: Self.commitPatience))
        } catch {
            logger.warning("committed positions not read", ["reason": .string(error.description)])
            return nil
        }
    }

    func commit(_ positions: [TopicPartition: CommittedPosition]) { consumer.commit(positions) }

    func commitAndWait(_ positions: [TopicPartition: CommittedPosition]) async -> Bool {
        do throws(KafkaError) {
            try await consumer.commitAndWait(positions, deadline: loop.now.advanced(by: Self.commitPatience))
            return true
        } catch {
            logger.warning("commit refused", ["reason": .string(error.description)])
            return false
        }
    }
}
