public import ChatCompletions
public import EventLoop
public import Logging
import Metrics
import Partitions
import Time

/// Publishes a request's one outcome: its reply or error reply, a dead letter where it failed, its routing event.
///
/// It does not give up: while neither reply nor dead letter can be written it tries again, so the partition waits.
@RequestPath
public final class OutcomePublisher {
    let publisher: any RecordPublisher
    let defaultTopic: String
    private let deadLetterTopic: String?
    private let replies: ReplyWriter
    private let deadLetters: DeadLetterWriter?
    let events: RoutingEvents
    let streams: ReplyStream.Settings
    /// Nil: each record is delivered by itself (`at_least_once`).
    let transactions: OutcomeTransactions?
    let log: RequestLog
    /// For the page that people look at.
    public private(set) var failures = RecentFailures()
    private let loop = EventLoop.shared
    /// Where what waits for its acknowledgement is counted.
    weak var lanes: ConsumerLoop?

    /// `streamFlush`: for how long small chunks of a stream may be grouped. `streamLimit`: how many bytes of one may wait
    /// for a reply topic that is too slow, where the model cannot be slowed down.
    public init(
        publisher: any RecordPublisher, defaultTopic: String, deadLetterTopic: String?, replies: ReplyWriter,
        deadLetters: DeadLetterWriter?, events: RoutingEvents, streamFlush: Duration = .milliseconds(50),
        streamLimit: Int = 64 << 20,
        transactions: OutcomeTransactions? = nil, logger: Logger
    ) {
        self.publisher = publisher
        self.defaultTopic = defaultTopic
        self.deadLetterTopic = deadLetterTopic
        self.replies = replies
        self.deadLetters = deadLetters
        self.events = events
        streams = ReplyStream.Settings(flushInterval: streamFlush, heldLimit: streamLimit)
        self.transactions = transactions
        log = RequestLog(logger: logger)
    }

    /// The number of partitions of a topic: 0 when it does not exist, nil when that cannot be learnt now.
    public func partitionCount(of topic: String) async -> Int32? {
        await publisher.partitionCount(of: topic)
    }

    /// Publishes an answer. Returns the failure to answer with instead when the reply topic will never take it.
    public func publish(
        _ response: ChatResponse, _ progress: RequestProgress
    ) async throws(CancellationError) -> RequestFailure? {
        let cost = events.cost(of: progress.trail)
        let reply = makeReply(response.json(), status: 200, progress, cost: cost)
        return try await publish(reply, of: response, progress, cost: cost)
    }

    /// Publishes the record that answers a request, or the last that does.
    func publish(
        _ reply: ProducerRecord, of response: ChatResponse, _ progress: RequestProgress, cost: Double?
    ) async throws(CancellationError) -> RequestFailure? {
        if let transactions {
            return try await publish(reply, of: response, progress, cost: cost, in: transactions)
        }
        do throws(Undeliverable) {
            try await deliver(reply, progress)
        } catch {
            guard case .refused(let reason) = error else { throw CancellationError() }
            return RequestFailure(undeliverable: reason, response)
        }
        log.answered(progress)
        events.publish(progress, outcome: .success, status: 200, cost: cost)
        return nil
    }

    /// Publishes a failure: error reply, dead letter, event.
    public func publish(_ failure: RequestFailure, _ progress: RequestProgress) async throws(CancellationError) {
        let isInvalid = !progress.trail.wasSent && [400, 403, 413].contains(failure.status)
        note(failure, progress, isInvalid: isInvalid)
        // What was published of the answer stays before its end.
        _ = try await progress.stream?.untilSettled()
        if let transactions {
            return try await publish(failure, isInvalid: isInvalid, progress, in: transactions)
        }
        let cost = events.cost(of: progress.trail)
        let reply = makeReply(failure, progress, cost: cost)
        var isReplied = false
        var isBuried = false
        var backoff = Backoff()
        while true {
            if !isReplied { isReplied = try await deliverError(reply, failure, progress) }
            if !isBuried { isBuried = try await bury(progress, failure, isInvalid: isInvalid) }
            if isReplied || isBuried { break }
            log.notWritten(
                progress, "neither reply nor dead letter can be written", topic: reply.topic, reason: nil)
            try await sleep(for: backoff.next())
        }
        log.failed(progress, failure)
        events.publish(progress, outcome: isInvalid ? .invalid : .error, status: failure.status, cost: cost)
    }

    private func note(_ failure: RequestFailure, _ progress: RequestProgress, isInvalid: Bool) {
        failures.record(
            RecentFailures.Entry(
                failure, isInvalid: isInvalid, modelGroup: progress.modelGroup,
                source: ReplyWriter.source(of: progress.record),
                attempts: progress.trail.entries.map { RecentFailures.Attempt(model: $0.modelID, status: $0.status) },
                time: loop.now))
    }

    /// `trail`: the way to the answer, where that is not the request's whole way yet.
    @inline(never)
    func makeReply(
        _ value: [UInt8], status: Int, _ progress: RequestProgress, _ trail: AttemptTrail? = nil, cost: Double?
    ) -> ProducerRecord {
        replies.reply(
            value, status: status, to: progress.destination?.topic ?? defaultTopic,
            partition: progress.destination?.partition, envelope: progress.envelope, source: progress.record,
            modelGroup: progress.modelGroup, trail: trail ?? progress.trail, cost: cost)
    }

    /// An error reply, which ends a stream where one was asked for.
    func makeReply(_ failure: RequestFailure, _ progress: RequestProgress, cost: Double?) -> ProducerRecord {
        var reply = makeReply(failure.json(), status: failure.status, progress, cost: cost)
        progress.stream?.markEnd(&reply.headers)
        return reply
    }

    /// An error reply that fits wherever a record fits: without the request's key and headers, which it is to echo. Its
    /// requester cannot tell it, but whoever looks for the request finds it by `x-relay-source`.
    func makeShortReply(_ failure: RequestFailure, _ progress: RequestProgress) -> ProducerRecord {
        var reply = replies.reply(
            failure.json(), status: failure.status, to: defaultTopic, partition: nil,
            envelope: .withoutEcho(of: progress.record), source: progress.record, modelGroup: progress.modelGroup,
            trail: progress.trail, cost: nil)
        progress.stream?.markEnd(&reply.headers)
        return reply
    }

    private enum Undeliverable: Error {
        case refused(DeliveryError)
        case cancelled
    }

    /// Delivers `record`, however long the broker is away. Throws when it can never be delivered, or when cancelled.
    private func deliver(_ record: ProducerRecord, _ progress: RequestProgress) async throws(Undeliverable) {
        let bytes = record.byteCount
        lanes?.hold(bytes: bytes)
        defer { lanes?.release(bytes: bytes) }
        var backoff = Backoff()
        while true {
            do throws(DeliveryError) {
                return try await publisher.publish(record)
            } catch {
                guard error.kind == .unavailable else { throw .refused(error) }
                log.notWritten(progress, "record not delivered yet", topic: record.topic, reason: error.message)
            }
            do throws(CancellationError) { try await sleep(for: backoff.next()) } catch { throw .cancelled }
        }
    }

    /// Whether the error reply was delivered: to its topic, else to the default one, else there in short.
    private func deliverError(
        _ reply: ProducerRecord, _ failure: RequestFailure, _ progress: RequestProgress
    ) async throws(CancellationError) -> Bool {
        var reply = reply
        var isShort = false
        while true {
            do throws(Undeliverable) {
                try await deliver(reply, progress)
                return true
            } catch {
                guard case .refused(let reason) = error else { throw CancellationError() }
                log.notWritten(progress, "error reply refused", topic: reply.topic, reason: reason.message)
                if reply.topic != defaultTopic || reply.partition != nil {
                    reply.topic = defaultTopic
                    reply.partition = nil
                } else if reason.kind == .tooLarge, !isShort {
                    reply = makeShortReply(failure, progress)
                    isShort = true
                } else {
                    return false
                }
            }
        }
    }

    /// Whether the record was copied to the dead-letter topic.
    private func bury(
        _ progress: RequestProgress, _ failure: RequestFailure, isInvalid: Bool
    ) async throws(CancellationError) -> Bool {
        guard let letter = await deadLetter(for: progress.record, failure, isInvalid: isInvalid) else { return false }
        do throws(Undeliverable) {
            try await deliver(letter, progress)
            return true
        } catch {
            guard case .refused(let reason) = error else { throw CancellationError() }
            log.notWritten(progress, "dead letter refused", topic: letter.topic, reason: reason.message)
            return false
        }
    }

    /// Nil where there is no dead-letter topic.
    func deadLetter(
        for record: ConsumerRecord, _ failure: RequestFailure, isInvalid: Bool
    ) async -> ProducerRecord? {
        guard let deadLetters, let deadLetterTopic else { return nil }
        let count = await publisher.partitionCount(of: deadLetterTopic)
        return deadLetters.deadLetter(
            for: record, failure: failure, isInvalid: isInvalid, partitionCount: count, now: loop.now)
    }

    func sleep(for duration: Duration) async throws(CancellationError) {
        try await loop.sleep(until: loop.now.advanced(by: duration))
    }
}

/// Waits that double from 0.1 s to 10 s.
struct Backoff {
    private var current = Duration.milliseconds(100)
    /// The last one given; zero before the first.
    private(set) var latest = Duration.zero

    mutating func next() -> Duration {
        latest = current
        current = min(current * 2, .seconds(10))
        return latest
    }
}

extension RequestFailure {
    /// An answer that was paid for but that the reply topic does not take: usage and finish reason are kept.
    init(undeliverable error: DeliveryError, _ response: ChatResponse) {
        let tokens =
            response.usage.map { "\($0.promptTokens) prompt and \($0.completionTokens) completion tokens" }
            ?? "usage not known"
        let facts = "finish_reason \(response.finishReason.rawValue), \(tokens)"
        switch error.kind {
        case .tooLarge:
            self.init(
                status: 413, type: .invalidRequest,
                message: "The answer is larger than the reply topic takes (\(facts)): \(error.message)",
                code: "reply_too_large")
        case .refused, .unavailable:
            self.init(
                status: 502, type: .server,
                message: "The reply topic refused the answer (\(facts)): \(error.message)", code: "reply_refused")
        }
    }
}
