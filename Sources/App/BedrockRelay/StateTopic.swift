import Configuration
import EventLoop
import Kafka
import Logging
import Partitions
import Pipeline
import Routing
import Time

/// `relay.state_topic`: the exchange of router state with its own producer and reader, so that neither a slow topic nor
/// a transaction on the reply path gets in its way.
@RequestPath
final class StateTopic {
    let exchange: StateExchange
    private let topic: String
    private let producer: KafkaProducer
    private let properties: [KafkaProperty]
    private let logger: Logger
    private var reader: KafkaReader?
    private var following: Task<Void, Never>?
    private let loop = EventLoop.shared

    /// Nil: no topic is configured.
    init?(_ configuration: ServiceConfiguration, instance: String, router: SharedRouter, logger: Logger)
        throws(KafkaError)
    {
        guard let topic = configuration.relay.stateTopic else { return nil }
        self.topic = topic
        self.logger = logger
        // A report that could not be written soon is old: the next one says more.
        properties =
            configuration.kafka.revealed.filter { !Self.ownProperties.map(\.name).contains($0.name) }
            + Self.ownProperties
        producer = try KafkaProducer(properties: properties, logger: logger) { _ in }
        exchange = StateExchange(
            settings: StateExchange.Settings(topic: topic), router: router,
            publisher: StatePublisher(producer: producer),
            instance: RouterInstance(name: instance, started: loop.now.unixMilliseconds), logger: logger)
    }

    private static let ownProperties = [
        KafkaProperty("message.timeout.ms", "5000"), KafkaProperty("linger.ms", "5"),
        KafkaProperty("fetch.wait.max.ms", "20"), KafkaProperty("statistics.interval.ms", "0"),
    ]

    /// How far back a new instance reads: usage counts by the minute, and instances repeat themselves more often.
    private static let lookBack = Duration.seconds(65)
    private static let patience = Duration.seconds(10)
    private static let longestPause = Duration.seconds(30)

    /// Follows the topic as soon as it can be, and reports from then on. Nobody waits for it.
    func start() {
        following = RequestPath.task { [self] in
            var pause = Duration.seconds(1)
            while !Task.isCancelled {
                do throws(KafkaError) {
                    try await follow()
                    exchange.start()
                    return
                } catch {
                    logger.warning(
                        "router state is not shared: the state topic cannot be read",
                        ["topic": .string(topic), "reason": .string(error.description)], limitedBy: topic)
                }
                try? await loop.sleep(until: loop.now.advanced(by: pause))
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    func stop(deadline: Instant) async {
        following?.cancel()
        exchange.stop()
        await producer.close(deadline: deadline)
        await reader?.close(deadline: deadline)
        reader = nil
    }

    private func follow() async throws(KafkaError) {
        let now = loop.now
        let reader = try KafkaReader(properties: properties, logger: logger)
        reader.onRecord = { [exchange] in exchange.receive($0) }
        do throws(KafkaError) {
            let start = now.advanced(by: .zero - Self.lookBack)
            try await reader.follow(topic, since: start, deadline: now.advanced(by: Self.patience))
            self.reader = reader
        } catch {
            await reader.close(deadline: loop.now.advanced(by: .seconds(1)))
            throw error
        }
    }
}

/// Reports are posted and forgotten: the next one says everything again.
@RequestPath
private final class StatePublisher: RecordPublisher {
    private let producer: KafkaProducer
    private let loop = EventLoop.shared

    init(producer: KafkaProducer) { self.producer = producer }

    func publish(_ record: ProducerRecord) async throws(DeliveryError) {
        do throws(KafkaError) { try await producer.publish(record) } catch { throw DeliveryError(error) }
    }

    func post(_ record: ProducerRecord) { producer.post(record) }

    func partitionCount(of topic: String) async -> Int32? {
        await producer.partitionCount(of: topic, deadline: loop.now.advanced(by: .seconds(5)))
    }
}
