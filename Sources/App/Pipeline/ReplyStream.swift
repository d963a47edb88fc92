import ChatCompletions
import EventLoop
import Partitions
import Time

/// The records of one streamed reply: chunks as they come, small ones of a kind grouped, all under one key and numbered.
///
/// The first chunk leaves at once. After that one record leaves per `flushInterval` and kind of piece, at most; a
/// zero interval sends every piece by itself.
@RequestPath
final class ReplyStream {
    /// Text that is not held back any longer, however small the interval's rest.
    private static let groupLimit = 16 << 10

    private let delivery: StreamDelivery
    private let flushInterval: Duration
    private let includesUsage: Bool
    /// Topic, partition, key and the headers of a record of this stream; without value and number.
    private let makeTemplate: @RequestPath (AttemptTrail) -> ProducerRecord
    private var template: ProducerRecord?
    private var writer: ChatChunkWriter?
    private var records = 0
    private var pending: ChatDelta?
    private var latestFlush: Instant?
    private var timer: LoopTimer?
    private let loop = EventLoop.shared

    init(
        publisher: any RecordPublisher, flushInterval: Duration, includesUsage: Bool,
        makeTemplate: @escaping @RequestPath (AttemptTrail) -> ProducerRecord
    ) {
        delivery = StreamDelivery(publisher)
        self.flushInterval = flushInterval
        self.includesUsage = includesUsage
        self.makeTemplate = makeTemplate
    }

    isolated deinit { timer?.cancel() }

    /// Whether anything of an answer has been published: then there is no other answer any more.
    var hasBegun: Bool { template != nil }

    /// Begins the answer that `trail` has led to.
    func begin(_ head: ChatStreamHead, _ trail: AttemptTrail) {
        precondition(!hasBegun, "a streamed reply tells one answer")
        template = makeTemplate(trail)
        writer = ChatChunkWriter(head, includesUsage: includesUsage)
    }

    func append(_ delta: ChatDelta) {
        if pending?.merge(delta) != true {
            flush()
            pending = delta
        }
        let now = loop.now
        let due = latestFlush?.advanced(by: flushInterval) ?? now
        if due <= now || pending.map({ $0.textLength >= Self.groupLimit }) == true { return flush() }
        if let timer {
            if !timer.isPending { timer.move(to: due) }
        } else {
            timer = loop.schedule(at: due) { [weak self] in self?.flush() }
        }
    }

    /// Publishes what is held back.
    func flush() {
        guard let delta = pending.take() else { return }
        timer?.cancel()
        latestFlush = loop.now
        send(.delta(delta))
    }

    /// Publishes the chunks that end an answer, but not the end record.
    func append(_ conclusion: ChatConclusion) {
        flush()
        send(.finish(conclusion))
        if includesUsage { send(.usage(conclusion.usage)) }
    }

    private func send(_ chunk: ChatChunk) {
        guard var record = template, let value = writer?.json(chunk) else { return }
        record.value = value
        record.headers.append("x-relay-stream-index", text: String(records))
        records += 1
        delivery.send(record)
    }

    /// Numbers anew: nobody will see what was published.
    func restart() { records = 0 }

    /// Adds what tells a stream's last record, which goes its own way once all others are delivered.
    func markEnd(_ headers: inout RecordHeaders) {
        headers.append("x-relay-stream-index", text: String(records))
        headers.append("x-relay-stream-end", text: "true")
    }
}

extension ReplyStream {
    /// Suspends while the reply topic is too slow for the stream. Throws when it cannot take it.
    func untilRoom(deadline: Instant) async throws(StreamDelivery.Break) {
        try await delivery.untilRoom(deadline: deadline)
    }

    /// Suspends until every record is acknowledged; the reason if one never will be.
    func untilSettled() async throws(CancellationError) -> DeliveryError? {
        flush()
        try await delivery.untilSettled()
        // The numbers of records that nobody will see go to those that end the stream.
        if delivery.broken != nil { records = delivery.end }
        return delivery.broken?.reason
    }
}
