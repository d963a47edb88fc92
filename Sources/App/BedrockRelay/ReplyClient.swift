import ChatCompletions
import EventLoop
import JSON
import Kafka
import Logging
import Partitions
import Time

/// A requester: submits chat requests and waits for their replies, as a service that uses the relay would.
@RequestPath
final class ReplyClient {
    struct Reply: Sendable {
        var status: Int
        var headers: RecordHeaders
        var body: [UInt8]

        /// The answer's text, or the error's message.
        var text: String? {
            guard let root = try? JSONDocument(parsing: body).root else { return nil }
            if let message = root["error"]?["message"]?.string { return message }
            return root["choices"]?.elements.first { _ in true }?["message"]?["content"]?.string
        }

        /// The text that a chunk of a stream adds.
        static func piece(of chunk: ConsumerRecord) -> String? {
            guard let value = chunk.value, let root = try? JSONDocument(parsing: value).root else { return nil }
            return root["choices"]?.elements.first?["delta"]?["content"]?.string
        }

        func header(_ name: String) -> String? { headers.last(name).map { String(decoding: $0, as: UTF8.self) } }
    }

    private let producer: KafkaProducer
    private let reader: KafkaReader
    private let requestTopic: String
    private let loop = EventLoop.shared
    private var waiting: [String: @RequestPath (ConsumerRecord) -> Void] = [:]
    private var sent = 0

    /// Follows `replyTopics` from their present end, so that no reply to a later request is missed, and
    /// `refusalTopic` where that can be read.
    init(
        properties: [KafkaProperty], requestTopic: String, replyTopics: [String], refusalTopic: String? = nil,
        deadline: Instant, logger: Logger
    ) async throws(KafkaError) {
        self.requestTopic = requestTopic
        producer = try KafkaProducer(properties: properties, logger: logger) { _ in }
        reader = try KafkaReader(properties: properties, logger: logger)
        for topic in replyTopics { try await reader.follow(topic, deadline: deadline) }
        if let refusalTopic, !replyTopics.contains(refusalTopic) {
            try? await reader.follow(refusalTopic, deadline: deadline)
        }
        reader.onRecord = { [weak self] in self?.dispatch($0) }
    }

    /// Called with every record that is no awaited reply: routing events, other requesters' replies.
    var onOther: ((ConsumerRecord) -> Void)?

    /// Submits `body` and waits for its reply; nil when none came before `deadline`. The records of a streamed reply but
    /// the last are given to `onChunk`, and with each the patience begins anew.
    func send(
        _ body: [UInt8], headers extra: [(String, String)] = [], deadline: Instant,
        onChunk: @escaping @RequestPath (ConsumerRecord) -> Void = { _ in }
    ) async throws(KafkaError) -> Reply? {
        sent += 1
        let correlation = "\(Instance.name)-\(loop.now.nanoseconds)-\(sent)"
        var headers = RecordHeaders()
        headers.append("correlation-id", text: correlation)
        for (name, value) in extra { headers.append(name, text: value) }
        let record = ProducerRecord(topic: requestTopic, value: body, headers: headers)
        try await producer.publish(record)
        guard let reply = await reply(to: correlation, deadline: deadline, onChunk) else { return nil }
        let status = reply.headers.last("x-relay-status").flatMap { Int(String(decoding: $0, as: UTF8.self)) }
        return Reply(status: status ?? 0, headers: reply.headers, body: reply.value ?? [])
    }

    func close() async {
        let deadline = loop.now.advanced(by: .seconds(5))
        await reader.close(deadline: deadline)
        await producer.close(deadline: deadline)
    }

    private func reply(
        to correlation: String, deadline: Instant, _ onChunk: @escaping @RequestPath (ConsumerRecord) -> Void
    ) async -> ConsumerRecord? {
        for record in early.removeValue(forKey: correlation) ?? [] {
            if record.endsReply { return record }
            onChunk(record)
        }
        let patience = deadline.since(loop.now)
        return await withCheckedContinuation { continuation in
            let timer = loop.schedule(at: deadline) { [weak self] in
                self?.waiting[correlation] = nil
                continuation.resume(returning: nil)
            }
            waiting[correlation] = { [weak self, loop] record in
                guard record.endsReply else {
                    timer.move(to: loop.now.advanced(by: patience))
                    return onChunk(record)
                }
                self?.waiting[correlation] = nil
                timer.cancel()
                continuation.resume(returning: record)
            }
        }
    }

    /// Replies that came before their request's own acknowledgement.
    private var early: [String: [ConsumerRecord]] = [:]

    private func dispatch(_ record: ConsumerRecord) {
        guard let value = record.headers.last("correlation-id") else {
            onOther?(record)
            return
        }
        let correlation = String(decoding: value, as: UTF8.self)
        if let take = waiting[correlation] {
            take(record)
        } else if correlation.hasPrefix(Instance.name) {
            early[correlation, default: []].append(record)
        } else {
            onOther?(record)
        }
    }
}

extension ConsumerRecord {
    /// Whether nothing of the same reply follows: a whole reply, or the last record of a stream.
    fileprivate var endsReply: Bool {
        headers.last("x-relay-stream-index") == nil || headers.last("x-relay-stream-end") != nil
    }
}
