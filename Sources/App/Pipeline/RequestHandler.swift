import ChatCompletions
public import EventLoop
public import Partitions
public import Time

/// One request from its record to its acknowledged outcome.
@RequestPath
public final class RequestHandler {
    public struct Settings: Sendable {
        public var replyTopics: ReplyTopics
        /// From the record's timestamp, where no `deadline` header says otherwise.
        public var requestDeadline: Duration

        public init(replyTopics: ReplyTopics, requestDeadline: Duration) {
            self.replyTopics = replyTopics
            self.requestDeadline = requestDeadline
        }
    }

    /// What requests taken from now on are held to.
    public var settings: Settings
    private let attempts: AttemptRunner
    let outcomes: OutcomePublisher
    private let loop = EventLoop.shared

    public init(settings: Settings, attempts: AttemptRunner, outcomes: OutcomePublisher) {
        self.settings = settings
        self.attempts = attempts
        self.outcomes = outcomes
    }

    /// Answers `record`, with an error body if the request fails. Returns once the broker has acknowledged the
    /// outcome; throws only when cancelled, and then there is no outcome.
    ///
    /// `id`: what the record is for the scheduler, which transactions need to know.
    public func handle(_ record: ConsumerRecord, as id: RecordID? = nil) async throws(CancellationError) {
        let progress = begin(record, as: id)
        let answer = await answer(progress)
        guard !Task.isCancelled else { throw CancellationError() }
        if let id { outcomes.lanes?.answered(id) }
        try await publish(answer, progress)
    }

    // Not part of `handle`, whose frame lives as long as the request.

    @inline(never)
    private func begin(_ record: ConsumerRecord, as id: RecordID?) -> RequestProgress {
        let progress = RequestProgress(record: record, envelope: RequestEnvelope(record), taken: loop.now)
        progress.id = id
        return progress
    }

    @inline(never)
    private func publish(
        _ answer: Result<ChatResponse, RequestFailure>, _ progress: RequestProgress
    ) async throws(CancellationError) {
        switch answer {
        case .success(let response):
            let refusal: RequestFailure?
            if let stream = progress.stream {
                refusal = try await outcomes.publish(endOf: stream, response, progress)
            } else {
                refusal = try await outcomes.publish(response, progress)
            }
            guard let refusal else { return }
            try await outcomes.publish(refusal, progress)
        case .failure(let failure):
            try await outcomes.publish(failure, progress)
        }
    }

    @inline(never)
    private func answer(_ progress: RequestProgress) async -> Result<ChatResponse, RequestFailure> {
        do throws(RequestFailure) {
            // First where to answer: whatever is wrong with the rest is then said to whoever asked.
            progress.destination = try destination(for: progress.envelope)
            if progress.envelope.choosesDestination { try await checkDestination(of: progress) }
            let request = try read(progress)
            return .success(
                try await attempts.complete(
                    request, deadline: deadline(of: progress), trail: progress.trail, stream: progress.stream))
        } catch {
            outline(progress)
            return .failure(error)
        }
    }

    /// A request that was refused before it was read is answered as what it asked for all the same.
    @inline(never)
    private func outline(_ progress: RequestProgress) {
        guard progress.modelGroup == nil, let value = progress.record.value else { return }
        let outline = RequestOutline(json: value)
        progress.modelGroup = outline.model
        if outline.isStream { progress.stream = outcomes.openStream(includesUsage: false, progress) }
    }

    /// Everything that must hold before a model is called: every problem found here costs nothing upstream.
    @inline(never)
    private func read(_ progress: RequestProgress) throws(RequestFailure) -> ChatRequest {
        if let problem = progress.envelope.problem {
            throw .invalid("Header \(problem.header) \(problem.message).", param: problem.header)
        }
        let request = try decode(progress.record)
        progress.modelGroup = request.model
        if request.isStream {
            progress.stream = outcomes.openStream(includesUsage: request.streamOptions.includeUsage, progress)
        }
        return request
    }

    private func decode(_ record: ConsumerRecord) throws(RequestFailure) -> ChatRequest {
        guard let value = record.value else {
            throw .invalid("The record has no value; expected the JSON body of a chat completion request.")
        }
        return try ChatRequest(json: value)
    }

    @inline(never)
    private func deadline(of progress: RequestProgress) -> Instant {
        if let deadline = progress.envelope.deadline { return deadline }
        let timestamp = progress.record.timestamp
        let start = timestamp < 0 ? loop.now : Instant(unixMilliseconds: timestamp)
        return start.advanced(by: settings.requestDeadline)
    }

    @inline(never)
    private func destination(for envelope: RequestEnvelope) throws(RequestFailure) -> ReplyDestination {
        let topic = envelope.replyTopic ?? settings.replyTopics.defaultTopic
        guard settings.replyTopics.allows(topic) else {
            throw RequestFailure(
                status: 403, type: .permission,
                message: "Replies to topic \"\(topic.prefix(249))\" are not allowed; see relay.allowed_reply_topics.",
                param: "reply-topic", code: "reply_topic_not_allowed")
        }
        return ReplyDestination(topic: topic, partition: envelope.replyPartition)
    }

    /// What a requester has named must exist. When that cannot be learnt now, the broker will tell.
    @inline(never)
    private func checkDestination(of progress: RequestProgress) async throws(RequestFailure) {
        guard let destination = progress.destination, let count = await outcomes.partitionCount(of: destination.topic)
        else { return }
        if count == 0 {
            progress.destination = nil
            throw .invalid("Reply topic \"\(destination.topic)\" does not exist.", param: "reply-topic")
        }
        guard let partition = destination.partition, partition >= count else { return }
        progress.destination?.partition = nil
        throw .invalid(
            "Reply topic \"\(destination.topic)\" has no partition \(partition); it has \(count).",
            param: "reply-partition")
    }
}

/// Where a request's reply goes.
public struct ReplyDestination: Hashable, Sendable {
    public var topic: String
    public var partition: Int32?
}

/// What is known of one request while it is handled.
@RequestPath
public final class RequestProgress {
    public let record: ConsumerRecord
    /// What the record is for the scheduler; nil for one that did not come from it.
    var id: RecordID?
    public let envelope: RequestEnvelope
    /// When the record was taken from Kafka.
    public let taken: Instant
    public let trail = AttemptTrail()
    public var modelGroup: String?
    /// Nil until the headers have been found good: the default reply topic, then.
    public var destination: ReplyDestination?
    /// The reply in chunks; nil: the reply is one record.
    var stream: ReplyStream?
    /// Its records, while they wait for its end; nil: they leave at once.
    var buffer: StreamBuffer?

    public init(record: ConsumerRecord, envelope: RequestEnvelope, taken: Instant) {
        self.record = record
        self.envelope = envelope
        self.taken = taken
    }
}

extension RequestFailure {
    static func invalid(_ message: String, param: String? = nil) -> RequestFailure {
        RequestFailure(status: 400, type: .invalidRequest, message: message, param: param)
    }
}
