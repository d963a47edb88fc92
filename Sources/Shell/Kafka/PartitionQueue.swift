import CRdKafka
import EventLoop
import Partitions

/// The queue of one assigned partition, detached from the consumer's own: not polling it is the backpressure, and
/// holds up no other partition.
@RequestPath
final class PartitionQueue {
    private let partition: TopicPartition
    private let raw: OpaquePointer
    private var wakeUp: EventDescriptor?
    /// Records that reached the consumer's own queue before this one was detached.
    private var strays = Queue<ConsumerRecord>()
    /// One past the last offset, where a broker has said after the last record that its log ends (`enable.partition.eof`).
    private(set) var endMet: Offset?

    /// Nil when librdkafka has no such partition. To be called before the partition is assigned, so that no record
    /// goes to the consumer's queue.
    init?(_ partition: TopicPartition, of client: ClientHandle, onReady: @escaping @RequestPath () -> Void) {
        guard let queue = rd_kafka_queue_get_partition(client.raw, partition.topic, partition.partition) else {
            return nil
        }
        self.partition = partition
        raw = queue
        rd_kafka_queue_forward(queue, nil)
        // The detachment stays with the partition for the client's life: what an earlier assignment left goes.
        while let leftOver = rd_kafka_consume_queue(queue, 0) { rd_kafka_message_destroy(leftOver) }
        wakeUp = ClientInstance.watch(queue, handler: onReady)
    }

    /// The next record, nil when the queue is empty. One message at a time: before 2.1.0 batches could skip offsets (#4208).
    func next(onError: (KafkaError) -> Void) -> ConsumerRecord? {
        if let stray = strays.popFirst() { return stray }
        while let message = rd_kafka_consume_queue(raw, 0) {
            defer { rd_kafka_message_destroy(message) }
            let code = message.pointee.err
            if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
                endMet = Offset(message.pointee.offset)
                continue
            }
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                endMet = nil
                return ConsumerRecord(message, of: partition)
            }
            let text = rd_kafka_message_errstr(message).map { String(cString: $0) }
            onError(KafkaError(code, message: text))
        }
        return nil
    }

    func addStray(_ record: ConsumerRecord) { strays.append(record) }

    func close() {
        guard let wakeUp = wakeUp.take() else { return }
        ClientInstance.unwatch(raw, wakeUp)
        rd_kafka_queue_destroy(raw)
    }
}
