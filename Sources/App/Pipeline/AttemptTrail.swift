public import ChatCompletions
public import EventLoop
public import Routing
public import Time

/// What happened to one request on its way: its attempts, and where its time went. Routing events are made of it.
@RequestPath
public final class AttemptTrail {
    public struct Entry: Sendable {
        public var group: String
        /// The deployments of the configuration that the call was made under: after a reload positions are others.
        public var deployments: [Deployment]
        public var deploymentIndex: Int
        public var modelID: String
        public var status: Int
        public var errorType: String?
        public var started: Instant
        public var latency: Duration
        public var timeToFirstToken: Duration?
        public var cooldown: Duration?
        /// The provider refused it before anything was sent.
        public var isUnsent = false

        public var deployment: Deployment { deployments[deploymentIndex] }
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

extension AttemptTrail.Entry {
    /// An attempt that has just been made, as if it had succeeded at once.
    nonisolated init(_ attempt: Attempt, among deployments: [Deployment], started: Instant) {
        self.init(
            group: attempt.group, deployments: deployments, deploymentIndex: attempt.deploymentIndex,
            modelID: attempt.modelID, status: 200, started: started, latency: .zero)
    }
}
