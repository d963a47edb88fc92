import ChatCompletions
import EventLoop
import Partitions

/// Chunks are published at once; under `exactly_once` with the end of their stream, in the transaction that ends the request.
extension OutcomePublisher {
    /// A reply in chunks to the request of `progress`, of which nothing is published yet.
    func openStream(includesUsage: Bool, _ progress: RequestProgress) -> ReplyStream {
        if transactions != nil { progress.buffer = StreamBuffer(topics: publisher, lanes: lanes) }
        return ReplyStream(
            publisher: progress.buffer ?? publisher, lanes: lanes, settings: streams,
            includesUsage: includesUsage
        ) { [unowned self, unowned progress] trail in
            // Its owner is `progress`, which lives as long as the request.
            makeReply([], status: 200, progress, trail, cost: nil)
        }
    }

    /// Publishes the end of a complete stream. Returns the failure to end it with instead when the reply topic does not
    /// take it.
    func publish(
        endOf stream: ReplyStream, _ response: ChatResponse, _ progress: RequestProgress
    ) async throws(CancellationError) -> RequestFailure? {
        let cost = events.cost(of: progress.trail)
        if !stream.hasBegun { stream.begin(ChatStreamHead(response), progress.trail) }  // an answer without content
        stream.append(ChatConclusion(response))
        // Only then the end record, which says that all of the answer is there.
        if let reason = try await stream.untilSettled() { return RequestFailure(undeliverable: reason, response) }
        var end = makeReply(Array("[DONE]".utf8), status: 200, progress, cost: cost)
        stream.markEnd(&end.headers)
        return try await publish(end, of: response, progress, cost: cost)
    }
}

extension RequestFailure {
    /// A stream whose chunks the reply topic does not take, or not fast enough.
    static func undeliverable(_ reason: DeliveryError) -> RequestFailure {
        switch reason.kind {
        case .refused, .tooLarge:
            RequestFailure(
                status: 502, type: .server,
                message: "The reply topic refused a chunk of the answer: \(reason.message)", code: "reply_refused")
        case .unavailable:
            RequestFailure(
                status: 503, type: .server,
                message: "The answer did not get through to the reply topic: \(reason.message)",
                code: "reply_topic_too_slow")
        }
    }
}
