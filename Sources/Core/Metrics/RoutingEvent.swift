public import Time

/// What became of one request: the record on the metrics topic, and what every counter is fed from.
public struct RoutingEvent: Hashable, Sendable {
    public enum Outcome: String, CaseIterable, Sendable {
        case success
        /// Failed for good.
        case error
        /// Not a request we could route: nothing was sent upstream.
        case invalid
    }

    /// The request's record.
    public struct Source: Hashable, Sendable {
        public var topic: String
        public var partition: Int32
        public var offset: Int64

        public init(topic: String, partition: Int32, offset: Int64) {
            self.topic = topic
            self.partition = partition
            self.offset = offset
        }
    }

    /// The deployment that answered.
    public struct Deployment: Hashable, Sendable {
        public var id: String
        public var model: String
        public var region: String?

        public init(id: String, model: String, region: String?) {
            self.id = id
            self.model = model
            self.region = region
        }
    }

    /// One provider call.
    public struct Attempt: Hashable, Sendable {
        public var modelGroup: String
        public var deployment: Deployment
        public var status: Int
        /// LiteLLM's error class; nil when the attempt succeeded.
        public var errorType: String?
        /// From the request's being taken from Kafka to the call.
        public var started: Duration
        public var latency: Duration
        public var timeToFirstToken: Duration?
        /// The cool-down that the attempt's failure started.
        public var cooldown: Duration?

        public init(
            modelGroup: String, deployment: Deployment, status: Int, errorType: String? = nil, started: Duration,
            latency: Duration, timeToFirstToken: Duration? = nil, cooldown: Duration? = nil
        ) {
            self.modelGroup = modelGroup
            self.deployment = deployment
            self.status = status
            self.errorType = errorType
            self.started = started
            self.latency = latency
            self.timeToFirstToken = timeToFirstToken
            self.cooldown = cooldown
        }
    }

    /// The answer's tokens. `prompt` includes cache reads and writes.
    public struct Tokens: Hashable, Sendable {
        public var prompt: Int
        public var completion: Int
        public var total: Int
        public var cacheRead: Int
        public var cacheWrite: Int

        public init(prompt: Int, completion: Int, total: Int, cacheRead: Int = 0, cacheWrite: Int = 0) {
            self.prompt = prompt
            self.completion = completion
            self.total = total
            self.cacheRead = cacheRead
            self.cacheWrite = cacheWrite
        }
    }

    /// Where the request's time went.
    public struct Latency: Hashable, Sendable {
        /// From the record's timestamp to its being taken from Kafka.
        public var queue: Duration
        /// Held for capacity.
        public var wait: Duration
        /// In provider calls.
        public var upstream: Duration
        /// From the record's timestamp to the end.
        public var total: Duration

        /// The rest of the total: our own work, and back-off between retries.
        public var overhead: Duration { max(total - queue - wait - upstream, .zero) }

        public init(queue: Duration, wait: Duration, upstream: Duration, total: Duration) {
            self.queue = queue
            self.wait = wait
            self.upstream = upstream
            self.total = total
        }
    }

    /// When the request was finished.
    public var time: Instant
    /// The process, as `host-pid`.
    public var instance: String
    public var correlationID: String
    public var source: Source
    /// As requested; nil when the request names none.
    public var modelGroup: String?
    /// The routing strategy's configuration name; nil when nothing was routed.
    public var strategy: String?
    public var outcome: Outcome
    /// The HTTP-equivalent status of the reply.
    public var status: Int
    public var isStream: Bool
    /// nil where none answered.
    public var deployment: Deployment?
    public var attempts: [Attempt]
    public var retries: Int
    public var fallbacks: Int
    /// nil where none answered.
    public var tokens: Tokens?
    /// US dollars; nil where no answer was paid for or the model's price is not known.
    public var cost: Double?
    public var latency: Latency

    public init(
        time: Instant, instance: String, correlationID: String, source: Source, modelGroup: String?, strategy: String?,
        outcome: Outcome, status: Int, isStream: Bool = false, deployment: Deployment? = nil, attempts: [Attempt] = [],
        retries: Int = 0, fallbacks: Int = 0, tokens: Tokens? = nil, cost: Double? = nil, latency: Latency
    ) {
        self.time = time
        self.instance = instance
        self.correlationID = correlationID
        self.source = source
        self.modelGroup = modelGroup
        self.strategy = strategy
        self.outcome = outcome
        self.status = status
        self.isStream = isStream
        self.deployment = deployment
        self.attempts = attempts
        self.retries = retries
        self.fallbacks = fallbacks
        self.tokens = tokens
        self.cost = cost
        self.latency = latency
    }
}
