import Configuration
import EventLoop
import Kafka
import Logging
import Partitions
import Simulator
import Time

/// One sample route, running: the real relay on the embedded broker, and a requester in front of it.
@RequestPath
final class DemoStage {
    struct Exchange: Sendable {
        var reply: ReplyClient.Reply
        var event: DemoEvent
    }

    let route: DemoRoute
    private let relay: Relay
    private let client: ReplyClient
    private let loop = EventLoop.shared
    private var events: [String: DemoEvent] = [:]
    private var awaited: [String: CheckedContinuation<DemoEvent?, Never>] = [:]

    /// Starts the route's relay and its requester.
    init(_ route: DemoRoute, brokers: String, environment: [String: String]) async throws {
        self.route = route
        let configuration = try ServiceConfiguration.load(
            sources: [try route.source(), route.overlay(brokers: brokers)], environment: environment)
        let logger = Logger(level: .error, format: .text)
        relay = try Relay(
            configuration, instance: "demo-\(route.rawValue)", seed: 20_240_620,
            logger: logger)
        try relay.start()
        client = try await ReplyClient(
            properties: configuration.kafka.revealed, requestTopic: route.requestTopic,
            replyTopics: [route.replyTopic, route.metricsTopic], deadline: loop.now.advanced(by: .seconds(20)),
            logger: logger)
        client.onOther = { [weak self] in self?.noteEvent($0) }
    }

    func untilReady() async { await relay.untilAssigned() }

    /// Sends `body` and waits for both its reply and its routing event.
    func exchange(_ body: [UInt8]) async throws -> Exchange {
        let deadline = loop.now.advanced(by: .seconds(20))
        guard let reply = try await client.send(body, deadline: deadline) else {
            throw DemoFailure("no reply within 20 s")
        }
        guard let id = reply.header("correlation-id"), let event = await event(id, deadline: deadline) else {
            throw DemoFailure("no routing event within 20 s")
        }
        return Exchange(reply: reply, event: event)
    }

    func stop() async {
        await client.close()
        await relay.stop()
    }

    private func noteEvent(_ record: ConsumerRecord) {
        guard let event = record.value.flatMap({ DemoEvent($0) }) else { return }
        if let continuation = awaited.removeValue(forKey: event.correlationID) {
            continuation.resume(returning: event)
        } else {
            events[event.correlationID] = event
        }
    }

    private func event(_ id: String, deadline: Instant) async -> DemoEvent? {
        if let event = events.removeValue(forKey: id) { return event }
        let timer = loop.schedule(at: deadline) { [weak self] in
            self?.awaited.removeValue(forKey: id)?.resume(returning: nil)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { awaited[id] = $0 }
    }
}

/// A step of the demo that did not do what it says.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension DemoRoute {
    /// The shipped file, as it is.
    func source() throws -> ConfigurationSource {
        let name = "config/route/\(rawValue).yaml"
        guard let text = SharedFile.read(name) else {
            throw DemoFailure("\(name) not found: run the demo from the repository's folder")
        }
        return ConfigurationSource(name: name, text: text)
    }

    /// What the demo adds to the sample: the embedded broker, topics of its own, refusals instead of waiting.
    func overlay(brokers: String) -> ConfigurationSource {
        ConfigurationSource(
            name: "demo",
            text: """
                kafka:
                  bootstrap.servers: \(brokers)
                  group.id: demo.\(rawValue)
                  session.timeout.ms: 6000
                  heartbeat.interval.ms: 300
                  fetch.wait.max.ms: 10
                relay:
                  request_topics: [\(requestTopic)]
                  reply_topic: \(replyTopic)
                  metrics_topic: \(metricsTopic)
                  dead_letter_topic: \(deadLetterTopic)
                  on_capacity_exhausted: reject
                  admin: null
                """)
    }
}
