public import Routing
import YAML

/// The `relay` section; keys, defaults and meaning: contract, section 2.
public struct RelaySection: Sendable {
    public enum Ordering: String, CaseIterable, Sendable { case unordered, key, partition }
    public enum Delivery: String, CaseIterable, Sendable {
        case atLeastOnce = "at_least_once"
        case exactlyOnce = "exactly_once"
    }

    public enum Temporality: String, CaseIterable, Sendable { case cumulative, delta }
    public enum HTTPVersion: String, CaseIterable, Sendable {
        case automatic = "auto"
        case http1 = "1.1"
    }

    public var requestTopics = ["chat.requests"]
    public var replyTopic = "chat.replies"
    public var allowedReplyTopics: [String] = []
    public var metricsTopic: String? = "chat.routing.metrics"
    public var otlpMetricsTopic: String?
    public var otlpMetricsInterval = Duration.seconds(15)
    public var otlpMetricsTemporality = Temporality.cumulative
    public var deadLetterTopic: String? = "chat.requests.dlq"
    public var stateTopic: String?
    public var partitionConcurrency = 64
    public var maxInFlight = 4096
    public var ordering = Ordering.unordered
    public var delivery = Delivery.atLeastOnce
    public var onCapacityExhausted = RouterSettings.CapacityPolicy.wait
    public var requestDeadline = Duration.seconds(600)
    public var httpVersion = HTTPVersion.automatic
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

    init(reading section: SectionReader) {
        section.read("request_topics", .list(of: .topic, isEmptyAllowed: false), into: &requestTopics)
        refuseRepeatedTopics(section)
        section.read("reply_topic", .topic, into: &replyTopic)
        section.read("allowed_reply_topics", .list(of: .topicPattern), into: &allowedReplyTopics)
        section.read("metrics_topic", .topic, into: &metricsTopic)
        section.read("otlp_metrics_topic", .topic, into: &otlpMetricsTopic)
        section.read("otlp_metrics_interval", .seconds(atLeast: 0.1), into: &otlpMetricsInterval)
        section.read("otlp_metrics_temporality", .choice, into: &otlpMetricsTemporality)
        section.read("dead_letter_topic", .topic, into: &deadLetterTopic)
        section.read("state_topic", .topic, into: &stateTopic)
        section.read("partition_concurrency", .integer(in: 1...100_000), into: &partitionConcurrency)
        section.read("max_in_flight", .integer(in: 1...1_000_000), into: &maxInFlight)
        section.read("ordering", .choice, into: &ordering)
        section.read("delivery", .choice, into: &delivery)
        section.read("on_capacity_exhausted", .choice, into: &onCapacityExhausted)
        section.read("request_deadline", .seconds(atLeast: 0.001), into: &requestDeadline)
        section.read("http_version", .choice, into: &httpVersion)
        section.read("transaction_interval", .seconds(atLeast: 0.001, atMost: 60), into: &transactionInterval)
        section.read("stream_flush", .seconds(atMost: 60), into: &streamFlush)
        section.read("max_buffered_bytes", .integer(in: 1_048_576...Int.max), into: &maxBufferedBytes)
        section.read("watch_config", .boolean, into: &watchConfig)
        section.read("shutdown_grace", .seconds(), into: &shutdownGrace)
        section.read("admin", .address, into: &admin)
        section.read(
            "log_level", .choice(named: Self.logLevels) { Self.logLevels.contains($0) ? $0 : nil }, into: &logLevel)
        section.read(
            "log_format", .choice(named: Self.logFormats) { Self.logFormats.contains($0) ? $0 : nil }, into: &logFormat)
        section.finish(unknownKeys: .areErrors)
        refuseLoops(section)
        refuseSharedStateTopic(section)
    }

    private func refuseRepeatedTopics(_ section: SectionReader) {
        guard let topic = requestTopics.enumerated().first(where: { requestTopics[..<$0].contains($1) })?.element
        else { return }
        section.context.error(
            section["request_topics"] ?? section.node, section.location.key("request_topics"),
            "\"\(topic)\" is there twice, expected each topic once")
    }

    /// Instances read all of it: replies or events in it would be read by every one of them, and skipped.
    private func refuseSharedStateTopic(_ section: SectionReader) {
        guard let stateTopic else { return }
        let others = [
            ("reply_topic", replyTopic), ("metrics_topic", metricsTopic), ("otlp_metrics_topic", otlpMetricsTopic),
            ("dead_letter_topic", deadLetterTopic),
        ]
        for (key, topic) in others where topic == stateTopic {
            section.context.error(
                section["state_topic"] ?? section.node, section.location.key("state_topic"),
                "\"\(stateTopic)\" is \(key) as well, expected a topic of its own")
        }
    }

    private static let logLevels = ["debug", "info", "warning", "error"]
    private static let logFormats = ["json", "text"]

    /// A topic that we both read and write would feed the relay its own answers, and each round costs money.
    private func refuseLoops(_ section: SectionReader) {
        let written = [
            ("reply_topic", replyTopic), ("metrics_topic", metricsTopic), ("otlp_metrics_topic", otlpMetricsTopic),
            ("dead_letter_topic", deadLetterTopic), ("state_topic", stateTopic),
        ]
        for case (let key, let topic?) in written where requestTopics.contains(topic) {
            section.context.error(
                section[key] ?? section["request_topics"] ?? section.node, section.location.key(key),
                "\"\(topic)\" is one of request_topics as well, expected another topic: "
                    + "the relay would read what it writes"
            )
        }
    }
}

extension ValueType<String> {
    fileprivate static var topic: Self {
        string("a topic name (1 to 249 characters of a-z A-Z 0-9 . _ -)") { name in
            (1...249).contains(name.utf8.count) && name != "." && name != ".." && name.utf8.allSatisfy(isTopicByte)
        }
    }

    fileprivate static var topicPattern: Self {
        string("a topic name or a glob pattern such as chat.replies.*, team-?.replies or shard-[0-9].replies") {
            pattern in
            var rest = Array(pattern.utf8)[...]
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "["):
                    if rest.first == UInt8(ascii: "!") { rest.removeFirst() }
                    guard let end = rest.firstIndex(of: UInt8(ascii: "]")), end > rest.startIndex,
                        rest[..<end].allSatisfy(isTopicByte)
                    else { return false }
                    rest = rest[(end + 1)...]
                case UInt8(ascii: "*"), UInt8(ascii: "?"): break
                default: guard isTopicByte(byte) else { return false }
                }
            }
            return !pattern.isEmpty
        }
    }

    fileprivate static var address: Self {
        string("host:port, such as 127.0.0.1:9464, or null") { address in
            guard let colon = address.lastIndex(of: ":"), colon != address.startIndex else { return false }
            let port = address[address.index(after: colon)...]
            let host = address[..<colon]
            let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
            return port.utf8.allSatisfy { $0 != UInt8(ascii: "+") } && UInt16(port) != nil
                && (isBracketed || !host.contains(":"))
        }
    }

    private static func isTopicByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
