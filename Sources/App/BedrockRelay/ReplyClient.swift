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

        func header(_ name: String) -> String? { headers.last(name).map { String(decoding: $0, as: UTF8.self) } }
    }

    private let producer: KafkaProducer
    private let reader: KafkaReader
    private let requestTopic: String
    private let loop = EventLoop.shared
    private var waiting: [String: (ConsumerRecord) -> Void] = [:]
    private var sent = 0

    /// Follows `replyTopic` from its present end, so that no reply to a later request is missed.
    init(
        properties: [KafkaProperty], requestTopic: String, replyTopics: [String], deadline: Instant, logger: Logger
    ) async throws(KafkaError) {
        self.requestTopic = requestTopic
        producer = try KafkaProducer(properties: properties, logger: logger) { _ in }
        reader = try KafkaReader(properties: properties, logger: logger)
        for topic in replyTopics { try await reader.follow(topic, deadline: deadline) }
        reader.onRecord = { [weak self] in self?.dispatch($0) }
    }

    /// Called with every record that is no awaited reply: routing events, other requesters' replies.
    var onOther: ((ConsumerRecord) -> Void)?

    /// Submits `body` and waits for its reply; nil when none came before `deadline`.
    func send(
        _ body: [UInt8], headers extra: [(String, String)] = [], deadline: Instant
    ) async throws(KafkaError) -> Reply? {
        sent += 1
        let correlation = "\(Instance.name)-\(loop.now.nanoseconds)-\(sent)"
        var headers = RecordHeaders()
        headers.append("correlation-id", text: correlation)
        for (name, value) in extra { headers.append(name, text: value) }
        let record = ProducerRecord(topic: requestTopic, value: body, headers: headers)
        try await producer.publish(record)
        guard let reply = await reply(to: correlation, deadline: deadline) else { return nil }
        let status = reply.headers.last("x-relay-status").flatMap { Int(String(decoding: $0, as: UTF8.self)) }
        return Reply(status: status ?? 0, headers: reply.headers, body: reply.value ?? [])
    }

    func close() async {
        let deadline = loop.now.advanced(by: .seconds(5))
        await reader.close(deadline: deadline)
        await producer.close(deadline: deadline)
    }

    private func reply(to correlation: String, deadline: Instant) async -> ConsumerRecord? {
        if let early = early.removeValue(forKey: correlation) { return early }
        return await withCheckedContinuation { continuation in
            let timer = loop.schedule(at: deadline) { [weak self] in
                self?.waiting[correlation] = nil
                continuation.resume(returning: nil)
            }
            waiting[correlation] = { record in
                timer.cancel()
                continuation.resume(returning: record)
            }
        }
    }

    /// Replies that came before their request's own acknowledgement.
    private var early: [String: ConsumerRecord] = [:]

    private func dispatch(_ record: ConsumerRecord) {
        guard let value = record.headers.last("correlation-id") else {
            onOther?(record)
            return
        }
        let correlation = String(decoding: value, as: UTF8.self)
        if let resume = waiting.removeValue(forKey: correlation) {
            resume(record)
        } else if correlation.hasPrefix(Instance.name) {
            early[correlation] = record
        } else {
            onOther?(record)
        }
    }
}
