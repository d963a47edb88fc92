import EventLoop
import Partitions

/// Keeps a stream's records until its end: under `exactly_once` a stream becomes visible as a whole, with the end of its
/// request. What it keeps counts in `max_buffered_bytes`.
@RequestPath
final class StreamBuffer: RecordPublisher {
    private let topics: any RecordPublisher
    private weak var lanes: ConsumerLoop?
    private var records: [ProducerRecord] = []
    private var bytes = 0

    /// `topics`: who knows them.
    init(topics: any RecordPublisher, lanes: ConsumerLoop?) {
        self.topics = topics
        self.lanes = lanes
    }

    isolated deinit { lanes?.release(bytes: bytes) }

    /// Acknowledges at once: nothing can go wrong before the transaction.
    func publish(_ record: ProducerRecord) async throws(DeliveryError) { post(record) }

    func post(_ record: ProducerRecord) {
        records.append(record)
        bytes += record.byteCount
        lanes?.hold(bytes: record.byteCount)
    }

    func partitionCount(of topic: String) async -> Int32? { await topics.partitionCount(of: topic) }

    /// Hands over what was kept.
    func take() -> [ProducerRecord] {
        defer { records = [] }
        lanes?.release(bytes: bytes)
        bytes = 0
        return records
    }
}
