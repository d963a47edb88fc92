import Bedrock
import Configuration
import EventLoop
import HTTP
import Kafka
import Logging
import Metrics
import Partitions
import Pipeline
import Routing
import Time

/// The composed service: every part made from the configuration and joined to the next.
@RequestPath
final class Relay {
    let health: Health
    let instance: String
    let router: SharedRouter
    let events: RoutingEvents
    let provider: BedrockProvider
    private let outcomes: OutcomePublisher
    private(set) var configuration: ServiceConfiguration
    let logger: Logger
    let http: HTTPClient
    let producer: KafkaProducer
    /// For every further client.
    let kafkaProperties: [KafkaProperty]
    /// Under `exactly_once` only.
    private let transactions: (runner: KafkaTransactions, outcomes: OutcomeTransactions)?
    let loop = EventLoop.shared
    private(set) var statistics = KafkaStatistics()
    private var consumer: KafkaConsumer?
    private(set) var consumerLoop: ConsumerLoop?
    let handler: RequestHandler
    var reloads = ReloadRecord()
    /// Nil: router state is not shared.
    let state: StateTopic?
    private let fatal = FatalSignal()
    private var assignmentWaiters: [CheckedContinuation<Void, Never>] = []

    /// Rebalances one after the other: librdkafka waits for the answer to one before it sends the next.
    private let rebalances: AsyncStream<Rebalance>
    private let rebalanceInput: AsyncStream<Rebalance>.Continuation
    private var rebalanceTask: Task<Void, Never>?
    private var metricsExport: MetricsExport?

    private static let eventLinger = Duration.milliseconds(50)

    private enum Rebalance: Sendable {
        case assigned([TopicPartition])
        case revoked([TopicPartition])
        case lost([TopicPartition])
    }

    init(
        _ configuration: ServiceConfiguration, instance: String,
        seed: UInt64 = UInt64.random(in: .min ... .max), logger: Logger
    ) throws {
        self.configuration = configuration
        self.logger = logger
        self.instance = instance
        health = Health(now: loop.now, statisticsInterval: configuration.kafka.statisticsInterval)
        let environment = configuration.environment.reveal()
        http = HTTPClient(
            settings: HTTPClient.Settings(configuration.relay, environment: environment), logger: logger)
        provider = try BedrockProvider(
            deployments: configuration.bedrockDeployments, environment: environment, http: http, time: SystemTime(),
            logger: logger)
        router = SharedRouter(
            Router(
                settings: configuration.router, deployments: configuration.deployments,
                chooser: SeededChooser(seed: seed)))
        kafkaProperties = try MSKTokens.properties(of: configuration, http: http, logger: logger)
        state = try StateTopic(configuration, kafkaProperties, instance: instance, router: router, logger: logger)
        producer = try KafkaProducer(properties: kafkaProperties, logger: logger) { _ in }
        let relay = configuration.relay
        transactions = try Self.makeTransactions(
            configuration, kafkaProperties, instance: instance, health: health, fatal: fatal, logger: logger)
        let publisher = KafkaPublisher(
            producer: producer, transactions: transactions?.runner.producer, health: health)
        events = RoutingEvents(
            publisher: publisher, topic: relay.metricsTopic, instance: instance,
            metrics: RelayMetrics(
                modelGroups: configuration.modelGroups, measuresGenAI: relay.otlpMetricsTopic != nil),
            linger: Self.eventLinger)
        outcomes = OutcomePublisher(
            publisher: publisher, defaultTopic: relay.replyTopic, deadLetterTopic: relay.deadLetterTopic,
            replies: ReplyWriter(),
            deadLetters: relay.deadLetterTopic.map {
                DeadLetterWriter(topic: $0, consumerGroup: configuration.kafka.groupID, instance: instance)
            }, events: events, streamFlush: relay.streamFlush, streamLimit: http.settings.maximumBodySize,
            transactions: transactions?.outcomes, logger: logger)
        handler = RequestHandler(
            settings: relay.handlerSettings,
            attempts: AttemptRunner(router: router, provider: provider, logger: logger),
            outcomes: outcomes)
        (rebalances, rebalanceInput) = AsyncStream.makeStream()
    }

    /// Nil under `at_least_once`.
    private static func makeTransactions(
        _ configuration: ServiceConfiguration, _ properties: [KafkaProperty], instance: String, health: Health,
        fatal: FatalSignal, logger: Logger
    ) throws(KafkaError) -> (runner: KafkaTransactions, outcomes: OutcomeTransactions)? {
        guard configuration.relay.delivery == .exactlyOnce else { return nil }
        let kafka = configuration.kafka
        let id = TransactionalID.make(
            group: kafka.groupID, groupInstance: kafka.value(of: "group.instance.id"), instance: instance,
            nonce: .random(in: .min ... .max))
        let producer = try TransactionalProducer(
            properties: properties, transactionalID: id, logger: logger, onFatal: { fatal.raise($0) })
        let runner = KafkaTransactions(producer: producer, health: health)
        let settings = OutcomeTransactions.Settings(interval: configuration.relay.transactionInterval)
        return (runner, OutcomeTransactions(settings: settings, runner: runner, logger: logger))
    }

    /// Joins the consumer group. The broker need not be there yet.
    func start() throws(KafkaError) {
        let consumer = try KafkaConsumer(
            properties: kafkaProperties, topics: configuration.relay.requestTopics, logger: logger,
            onEvent: { [weak self] in self?.handle($0) },
            onReady: { [weak self] in self?.consumerLoop?.recordsReady($0) })
        let consumerLoop = ConsumerLoop(
            settings: configuration.relay.consumerSettings, source: KafkaSource(consumer: consumer, logger: logger),
            handler: handler, transactions: transactions?.outcomes, logger: logger)
        self.consumer = consumer
        transactions?.runner.consumer = consumer
        self.consumerLoop = consumerLoop
        consumerLoop.start()
        state?.start()
        rebalanceTask = RequestPath.task { [rebalances, weak self] in
            for await rebalance in rebalances { await self?.carryOut(rebalance) }
        }
        metricsExport = makeMetricsExport()
        metricsExport?.start(interval: configuration.relay.otlpMetricsInterval)
        try consumer.subscribe()
    }

    /// `reconfigure` has put it into effect.
    func adopt(_ configuration: ServiceConfiguration) { self.configuration = configuration }

    /// Stops intake, drains, commits, leaves the group, flushes: Kafka conventions, section 7.5. With `abandoning`, the
    /// consumer having failed, there is nothing to drain for.
    func stop(abandoning: Bool = false) async {
        health.setStopping()
        let patience = min(configuration.relay.shutdownGrace, .seconds(10))
        rebalanceTask?.cancel()
        if abandoning { consumerLoop?.abandon() } else { await consumerLoop?.stop() }
        await consumer?.close(deadline: loop.now.advanced(by: patience))
        await state?.stop(deadline: loop.now.advanced(by: patience))
        await transactions?.runner.producer.close(deadline: loop.now.advanced(by: patience))
        metricsExport?.stop()
        events.flush()
        await producer.close(deadline: loop.now.advanced(by: patience))
        http.close()
    }

    /// Suspends until the group has given this member its partitions.
    func untilAssigned() async {
        guard health.notReady != nil else { return }
        await withCheckedContinuation { assignmentWaiters.append($0) }
    }

    /// Suspends until librdkafka has given up for good.
    func untilFatal() async -> KafkaError { await fatal.value() }

    var status: RelayStatus {
        RelayStatus(
            deployments: router.status(now: loop.now), strategy: configuration.router.strategy,
            held: router.heldCount, metrics: events.metrics, gauges: gauges(), failures: outcomes.failures.entries)
    }

    private func handle(_ event: ConsumerEvent) {
        switch event {
        case .assigned(let partitions): rebalanceInput.yield(.assigned(partitions))
        case .revoked(let partitions): rebalanceInput.yield(.revoked(partitions))
        case .lost(let partitions): rebalanceInput.yield(.lost(partitions))
        case .committed(let results): noteCommits(results)
        case .statistics(let bytes):
            health.sawStatistics(now: loop.now)
            noteStatistics(bytes)
        case .error(let error):
            logger.warning(
                "kafka",
                ["error": .string(error.description), "hint": .optional(configuration.kafka.hint(for: error))],
                limitedBy: error.name)
        case .fatal(let error): fatal.raise(error)
        }
    }

    private func carryOut(_ rebalance: Rebalance) async {
        guard let consumerLoop else { return }
        switch rebalance {
        case .assigned(let partitions): await consumerLoop.assign(partitions)
        case .revoked(let partitions): await consumerLoop.revoke(partitions)
        case .lost(let partitions): consumerLoop.lose(partitions)
        }
        health.sawBroker(now: loop.now)
        health.setAssignedPartitions(consumerLoop.assignedPartitions.count)
        for waiter in assignmentWaiters { waiter.resume() }
        assignmentWaiters = []
    }

    private func noteCommits(_ results: [TopicPartition: KafkaError?]) {
        let failed = results.filter { $0.value != nil }
        if failed.isEmpty { health.sawBroker(now: loop.now) }
        if let error = failed.values.compactMap({ $0 }).first {
            logger.warning(
                "commit failed; it is tried again", ["reason": .string(error.description)],
                limitedBy: error.name)
        }
        consumerLoop?.commitEnded(failed: Array(failed.keys))
    }

    /// Parsed off the loop: with many partitions the text is long.
    private func noteStatistics(_ bytes: [UInt8]) {
        Task.detached { [weak self] in
            guard let statistics = try? KafkaStatistics(parsing: bytes) else { return }
            await self?.adopt(statistics)
        }
    }

    private func adopt(_ statistics: KafkaStatistics) {
        self.statistics = statistics
        if statistics.brokersUp > 0 { health.sawBroker(now: loop.now) }
    }
}

/// What the admin pages show, taken on the request path and rendered elsewhere.
struct RelayStatus: Sendable {
    var deployments: [DeploymentStatus]
    var strategy: RoutingStrategyName
    var held: Int
    var metrics: RelayMetrics
    var gauges: GaugeSnapshot
    /// The latest first.
    var failures: [RecentFailures.Entry]
}

/// The first fatal error, for whoever waits for it.
@RequestPath
final class FatalSignal {
    private var error: KafkaError?
    private var waiters: [CheckedContinuation<KafkaError, Never>] = []

    nonisolated init() {}

    func raise(_ error: KafkaError) {
        guard self.error == nil else { return }
        self.error = error
        for waiter in waiters { waiter.resume(returning: error) }
        waiters = []
    }

    func value() async -> KafkaError {
        if let error { return error }
        return await withCheckedContinuation { waiters.append($0) }
    }
}
