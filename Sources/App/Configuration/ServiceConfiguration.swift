public import Bedrock
public import Redaction
public import Routing

/// The whole configuration, checked: LiteLLM's sections and ours (contract, section 2).
public struct ServiceConfiguration: Sendable {
    /// `model_list`, in order; both arrays have the same order and length.
    public var deployments: [Deployment]
    public var bedrockDeployments: [BedrockDeployment]
    public var router: RouterSettings
    public var kafka: KafkaSection
    public var relay: RelaySection
    /// Each names its file, line and key.
    public var warnings: [ConfigurationProblem]

    /// Reads, merges and checks `files` (later keys win; `include:` honoured). Environment variables come from
    /// `environment`. Throws every problem found, at once.
    public static func load(
        files: [String], environment: [String: String]
    ) throws(ConfigurationErrors) -> ServiceConfiguration { fatalError("skeleton") }
}

/// One thing wrong with the configuration: `file:line: key: what is wrong, what is expected`.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int
    /// Dotted path: `relay.partition_concurrency`, `model_list[2].litellm_params.model`.
    public var key: String
    public var message: String

    public init(file: String, line: Int, key: String, message: String) {
        self.file = file
        self.line = line
        self.key = key
        self.message = message
    }

    public var description: String { "\(file):\(line): \(key): \(message)" }
}

public struct ConfigurationErrors: Error, Sendable {
    public var problems: [ConfigurationProblem]
    public init(problems: [ConfigurationProblem]) { self.problems = problems }
}

/// The `kafka` section: librdkafka properties, passed through as they are, in file order.
public struct KafkaSection: Sendable {
    public struct Property: Sendable {
        public var name: String
        /// Values of properties that hold secrets (`sasl.password`, `ssl.key.pem`, ...) are redacted too: all are.
        public var value: Secret
        public init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    public var properties: [Property]
    public init(properties: [Property]) { self.properties = properties }
}

/// The `relay` section; keys, defaults and meaning: contract, section 2.
public struct RelaySection: Sendable {
    public enum Ordering: String, CaseIterable, Sendable { case unordered, key, partition }
    public enum Delivery: String, CaseIterable, Sendable {
        case atLeastOnce = "at_least_once"
        case exactlyOnce = "exactly_once"
    }

    public var requestTopics = ["chat.requests"]
    public var replyTopic = "chat.replies"
    public var allowedReplyTopics: [String] = []
    public var metricsTopic: String? = "chat.routing.metrics"
    public var otlpMetricsTopic: String?
    public var deadLetterTopic: String? = "chat.requests.dlq"
    public var stateTopic: String?
    public var partitionConcurrency = 64
    public var maxInFlight = 4096
    public var ordering = Ordering.unordered
    public var delivery = Delivery.atLeastOnce
    public var onCapacityExhausted = RouterSettings.CapacityPolicy.wait
    public var requestDeadline = Duration.seconds(600)
    public var transactionInterval = Duration.milliseconds(100)
    public var streamFlush = Duration.milliseconds(50)
    public var maxBufferedBytes = 268_435_456
    public var watchConfig = false
    public var shutdownGrace = Duration.seconds(30)
    /// `host:port`; nil switches the admin listener off.
    public var admin: String? = "127.0.0.1:9464"
    public var logLevel = "info"
    public var logFormat = "json"

    public init() {}
}
