import EventLoop
import Partitions

/// Keeps a stream's records until its end: under `exactly_once` a stream becomes visible as a whole, with the end of its
/// request. What it keeps counts in `max_buffered_bytes`.
@RequestPath
final class StreamBuffer: RecordPublisher {
    private let topics: any RecordPublisher
    private var records: [ProducerRecord] = []
    private let bytes: HeldBytes

    /// `topics`: who knows them.
    init(topics: any RecordPublisher, lanes: ConsumerLoop?) {
        self.topics = topics
        bytes = HeldBytes(countedBy: lanes)
    }

    /// Acknowledges at once: nothing can go wrong before the transaction.
    func publish(_ record: ProducerRecord) async throws(DeliveryError) { post(record) }

    func post(_ record: ProducerRecord) {
        records.append(record)
        bytes.hold(record.byteCount)
    }

    func partitionCount(of topic: String) async -> Int32? { await topics.partitionCount(of: topic) }

    /// Hands over what was kept.
    func take() -> [ProducerRecord] {
        defer { records = [] }
        bytes.release(bytes.count)
        return records
    }
}
