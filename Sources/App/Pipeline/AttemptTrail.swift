public import ChatCompletions
public import EventLoop
public import Routing
public import Time

/// What happened to one request on its way: its attempts, and where its time went. Routing events are made of it.
@RequestPath
public final class AttemptTrail {
    @RequestPath
    public final class Entry {
        public let group: String
        /// The deployments of the configuration that the call was made under: after a reload positions are others.
        private let deployments: [Deployment]
        private let deploymentIndex: Int
        public let modelID: String
        public let started: Instant
        public var status = 200
        public var errorType: String?
        public var latency = Duration.zero
        public var timeToFirstToken: Duration?
        public var cooldown: Duration?
        /// The provider refused it before anything was sent.
        public var isUnsent = false

        /// An attempt that has just been made, as if it had succeeded at once.
        nonisolated init(_ attempt: Attempt, among deployments: [Deployment], started: Instant) {
            group = attempt.group
            self.deployments = deployments
            deploymentIndex = attempt.deploymentIndex
            modelID = attempt.modelID
            self.started = started
        }

        /// In place: a deployment is half a kilobyte.
        public var deployment: Deployment {
            _read { yield deployments[deploymentIndex] }
        }
    }

    public var entries: [Entry] = []
    /// Time held back for capacity.
    public var wait = Duration.zero
    public var retries = 0
    public var fallbacks = 0
    public var strategy: RoutingStrategyName?
    public var usage: Usage?

    /// Isolated to nothing: a trail without entries is made anywhere.
    public nonisolated init() {}

    /// Time spent in provider calls.
    public var upstream: Duration { entries.reduce(.zero) { $0 + $1.latency } }
    /// Whether anything of the request went upstream.
    public var wasSent: Bool { entries.contains { !$0.isUnsent } }
    /// The attempt that answered.
    public var answering: Entry? { entries.last.flatMap { $0.status == 200 ? $0 : nil } }
}
