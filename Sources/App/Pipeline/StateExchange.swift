public import EventLoop
public import Logging
public import Partitions
public import Routing
import Time

/// Shares the router's state with other instances: writes its own reports to the state topic, takes over theirs.
///
/// Requests never wait for it but for one thing: near a limit that instances share, the router has a request wait a
/// moment until the others know of this one's use. Whether they do shows in our own records, which come back from the
/// topic like everybody's; when they stop coming, the topic does not work and each instance goes by what it knows.
@RequestPath
public final class StateExchange {
    public struct Settings: Sendable {
        public var topic: String
        /// How long a change waits for others to go with it.
        public var interval = Duration.milliseconds(50)
        public var heartbeat = Duration.seconds(1)
        /// How often everything is told again, for instances that have begun since.
        public var refresh = Duration.seconds(20)
        /// The topic counts as broken when nothing of ours has come back for so long.
        public var patience = Duration.seconds(3)

        public init(topic: String) { self.topic = topic }
    }

    private let settings: Settings
    private let router: SharedRouter
    private let publisher: any RecordPublisher
    private let instance: RouterInstance
    private let logger: Logger
    private let loop = EventLoop.shared
    private var timer: LoopTimer?
    private var lastHeartbeat: Instant
    private var lastRefresh: Instant
    private var lastSeenOwn: Instant?
    private var reported: Set<DeploymentID> = []
    /// Whether our records come back.
    public private(set) var isConnected = false
    /// Records of the topic that could not be read.
    public private(set) var skippedRecords = 0

    public init(
        settings: Settings, router: SharedRouter, publisher: any RecordPublisher, instance: RouterInstance,
        logger: Logger
    ) {
        self.settings = settings
        self.router = router
        self.publisher = publisher
        self.instance = instance
        self.logger = logger
        lastHeartbeat = loop.now
        lastRefresh = loop.now
    }

    /// Begins to report. The topic should be followed already, so that what is written comes back.
    public func start() {
        router.onCooldown = { [weak self] in self?.report() }
        post(.heartbeat)
        timer = loop.repeating(every: settings.interval) { [weak self] in
            guard let self else { return }
            tick(now: loop.now)
        }
    }

    /// Other instances that live.
    public var peerCount: Int { router.peerCount(now: loop.now) }

    /// Takes a record of the topic.
    public func receive(_ record: ConsumerRecord) {
        guard let value = record.value else { return forget(record.key) }
        do throws(UnreadableState) {
            let message = try StateMessage(json: value)
            // What was written long ago says who lived then; of usage and cool-downs the router sees that itself.
            let isOld = loop.now.since(Instant(unixMilliseconds: record.timestamp)) > .seconds(60)
            if isOld, case .heartbeat = message.content { return }
            if message.instance == instance { noteOwn() }
            router.adopt(message, as: instance, now: loop.now)
        } catch {
            skippedRecords += 1
            logger.warning(
                "state record skipped",
                [
                    "topic": .string(settings.topic), "partition": .integer(Int(record.source.partition)),
                    "offset": .integer(Int(record.offset.rawValue)),
                    "reason": .string(error == .unknownSchema ? "unknown schema" : "malformed"),
                ], limitedBy: "state")
        }
    }

    /// Tells the others that this instance ends, and removes its records from a compacted topic.
    public func stop() {
        guard timer != nil else { return }
        timer?.cancel()
        timer = nil
        router.onCooldown = nil
        report()
        for deployment in reported { remove(StateMessage.key(of: instance.name, deployment)) }
        remove(StateMessage.key(of: instance.name))
    }

    func tick(now: Instant) {
        if now.since(lastHeartbeat) >= settings.heartbeat {
            lastHeartbeat = now
            router.expirePeers(now: now)
            checkConnection(now: now)
            post(.heartbeat)
        }
        if now.since(lastRefresh) >= settings.refresh {
            lastRefresh = now
            router.repeatReports()
        }
        report()
    }

    /// While the topic does not work only heartbeats try it: reports would queue up, and be old when they arrive.
    private func report() {
        guard isConnected else { return }
        for report in router.takeReports(now: loop.now) {
            reported.insert(report.deployment)
            post(.report(report))
        }
    }

    private func noteOwn() {
        lastSeenOwn = loop.now
        if isConnected { return }
        isConnected = true
        router.setSharing(true, now: loop.now)
        router.repeatReports()
        logger.info("router state is shared", ["topic": .string(settings.topic)])
    }

    private func checkConnection(now: Instant) {
        guard isConnected, let lastSeenOwn, now.since(lastSeenOwn) > settings.patience else { return }
        isConnected = false
        router.setSharing(false, now: now)
        logger.warning(
            "router state is not shared: the state topic does not answer", ["topic": .string(settings.topic)])
    }

    private func forget(_ key: [UInt8]?) {
        guard let key, !key.contains(UInt8(ascii: " ")) else { return }
        let name = String(decoding: key, as: UTF8.self)
        if name != instance.name { router.forget(instance: name, now: loop.now) }
    }

    private func post(_ content: StateMessage.Content) {
        let message = StateMessage(content, from: instance)
        // One partition: there everybody reads everybody's reports in one order.
        publisher.post(
            ProducerRecord(topic: settings.topic, partition: 0, key: message.key, value: message.json()))
    }

    private func remove(_ key: [UInt8]) {
        publisher.post(ProducerRecord(topic: settings.topic, partition: 0, key: key, value: nil))
    }
}
