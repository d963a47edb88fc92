import ChatCompletions
import EventLoop
import Partitions
import Time

/// The records of one streamed reply: chunks as they come, small ones of a kind grouped, all under one key and numbered.
///
/// The first chunk leaves at once. After that one record leaves per `flushInterval` and kind of piece, at most; a
/// zero interval sends every piece by itself. While the reply topic is too slow for the answer, groups grow, and what
/// is complete waits here.
@RequestPath
final class ReplyStream {
    struct Settings: Sendable {
        /// For how long small pieces may be grouped.
        var flushInterval: Duration
        /// Bytes of an answer that may wait for the reply topic, where the model's server cannot be slowed down.
        var heldLimit: Int
    }

    /// Text that is not held back any longer, however small the interval's rest.
    private static let groupLimit = 16 << 10
    /// What a chunk takes in memory beside its text.
    private static let chunkOverhead = 64

    private let delivery: StreamDelivery
    private let settings: Settings
    private let includesUsage: Bool
    /// Topic, partition, key and the headers of a record of this stream; without value and number.
    private let makeTemplate: @RequestPath (AttemptTrail) -> ProducerRecord
    private var template: ProducerRecord?
    private var writer: ChatChunkWriter?
    private var records = 0
    /// The group that may still grow.
    private var pending: ChatDelta?
    /// What is to leave before it, when there is room.
    private var waiting = Queue<ChatChunk>()
    /// Both.
    private let held: HeldBytes
    private var latestFlush: Instant?
    private var timer: LoopTimer?
    private let loop = EventLoop.shared

    /// `lanes`: where what is held counts.
    init(
        publisher: any RecordPublisher, lanes: ConsumerLoop?, settings: Settings, includesUsage: Bool,
        makeTemplate: @escaping @RequestPath (AttemptTrail) -> ProducerRecord
    ) {
        delivery = StreamDelivery(publisher, lanes: lanes)
        held = HeldBytes(countedBy: lanes)
        self.settings = settings
        self.includesUsage = includesUsage
        self.makeTemplate = makeTemplate
        delivery.onRoom = { [unowned self] in roomMade() }
    }

    isolated deinit {
        delivery.onRoom = nil
        timer?.cancel()
    }

    /// Whether anything of an answer has been published: then there is no other answer any more.
    var hasBegun: Bool { template != nil }

    /// Begins the answer that `trail` has led to.
    func begin(_ head: ChatStreamHead, _ trail: AttemptTrail) {
        precondition(!hasBegun, "a streamed reply tells one answer")
        template = makeTemplate(trail)
        writer = ChatChunkWriter(head, includesUsage: includesUsage)
    }

    func append(_ delta: ChatDelta) {
        held.hold(delta.textLength)
        if pending?.merge(delta) != true {
            completeGroup()
            pending = delta
        }
        let isFull = pending.map { $0.textLength >= Self.groupLimit } ?? false
        if isFull || settings.flushInterval == .zero { completeGroup() } else { flushWhenDue() }
    }

    /// Publishes the chunks that end an answer, but not the end record.
    func append(_ conclusion: ChatConclusion) {
        completeGroup()
        publish(.finish(conclusion))
        if includesUsage, let usage = conclusion.usage { publish(.usage(usage)) }
    }

    /// Numbers anew: nobody will see what was published.
    func restart() { records = 0 }

    /// Adds what tells a stream's last record, which goes its own way once all others are delivered.
    func markEnd(_ headers: inout RecordHeaders) {
        headers.append("x-relay-stream-index", text: String(records))
        headers.append("x-relay-stream-end", text: "true")
    }
}

// MARK: Groups

extension ReplyStream {
    /// Without room the group grows on instead.
    private func flushWhenDue() {
        guard pending != nil, delivery.hasRoom else { return }
        let now = loop.now
        let due = latestFlush?.advanced(by: settings.flushInterval) ?? now
        if due <= now { return completeGroup() }
        if let timer {
            if !timer.isPending { timer.move(to: due) }
        } else {
            timer = loop.schedule(at: due) { [weak self] in self?.flushWhenDue() }
        }
    }

    private func completeGroup() {
        guard let delta = pending.take() else { return }
        timer?.cancel()
        latestFlush = loop.now
        publish(.delta(delta))
    }

    private func publish(_ chunk: ChatChunk) {
        if waiting.isEmpty && delivery.hasRoom { return send(chunk) }
        waiting.append(chunk)
        held.hold(Self.chunkOverhead)
    }

    private func roomMade() {
        while delivery.hasRoom, let chunk = waiting.popFirst() {
            held.release(Self.chunkOverhead)
            send(chunk)
        }
        flushWhenDue()
    }

    private func send(_ chunk: ChatChunk) {
        if case .delta(let delta) = chunk { held.release(delta.textLength) }
        guard var record = template, let value = writer?.json(chunk) else { return }
        record.value = value
        record.headers.append("x-relay-stream-index", text: String(records))
        records += 1
        delivery.send(record)
    }

    /// Lets go of what has not left.
    private func dropHeld() {
        pending = nil
        waiting = Queue()
        held.release(held.count)
    }
}

// MARK: The reply topic's pace

extension ReplyStream {
    /// Suspends while the reply topic is too slow for the stream. Throws when it cannot take it.
    func untilRoom(deadline: Instant) async throws(StreamDelivery.Break) {
        try await delivery.untilRoom(deadline: deadline)
    }

    /// For answers that cannot be held up. Throws when the reply topic cannot take the stream, and when it is so slow
    /// that too much has to be held.
    func checkPace() throws(StreamDelivery.Break) {
        if let broken = delivery.broken { throw broken }
        guard held.count > settings.heldLimit else { return }
        let message = "it is too slow for the answer: more than \(settings.heldLimit) bytes wait for it"
        dropHeld()
        throw StreamDelivery.Break(reason: DeliveryError(.unavailable, message: message))
    }

    /// Suspends until every record is acknowledged; the reason if one never will be.
    func untilSettled() async throws(CancellationError) -> DeliveryError? {
        completeGroup()
        // What waits is sent as room is made, before the delivery could be found settled.
        try await delivery.untilSettled()
        guard let broken = delivery.broken else { return nil }
        dropHeld()
        // The numbers of records that nobody will see go to those that end the stream.
        records = delivery.end
        return broken.reason
    }
}
