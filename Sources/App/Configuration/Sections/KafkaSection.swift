public import Redaction
import YAML

/// The `kafka` section: librdkafka properties, passed through as they are, in file order.
public struct KafkaSection: Sendable {
    public struct Property: Sendable {
        public var name: String
        /// Values of properties that hold secrets (`sasl.password`, `ssl.key.pem`, ...) are redacted too: all are.
        public var value: Secret
        /// Where it is written; line 0 where it is not.
        public var file: String
        public var line: Int

        public init(name: String, value: Secret, file: String = "configuration", line: Int = 0) {
            self.name = name
            self.value = value
            self.file = file
            self.line = line
        }

        /// What librdkafka says against it.
        public func problem(_ message: String) -> ConfigurationProblem {
            ConfigurationProblem(file: file, line: line, key: "kafka.\(name)", message: message)
        }
    }

    public var properties: [Property]
    public init(properties: [Property]) { self.properties = properties }

    /// Whether the section says where the brokers are.
    public var hasBrokers: Bool {
        properties.contains { Self.brokerKeys.contains($0.name) && !$0.value.reveal().isEmpty }
    }

    /// `sasl.mechanisms: AWS_MSK_IAM`, which is ours: librdkafka knows it as OAUTHBEARER with a token that we make.
    public var msk: Property? {
        properties.last {
            ["sasl.mechanisms", "sasl.mechanism"].contains($0.name) && $0.value.reveal() == "AWS_MSK_IAM"
        }
    }

    init(reading section: SectionReader) {
        properties = []
        for entry in section.node.mapping ?? [] {
            let key = entry.key
            let value: Secret? =
                if let rule = Self.ownProperties[key] { section.value(key, .ownProperty(rule)) } else {
                    section.value(key, .property)
                }
            if let value, Self.accepts(value.reveal(), for: key, entry.value, section) {
                properties.append(Property(name: key, value: value, file: entry.value.file, line: entry.keyLine))
            }
        }
        if !properties.contains(where: { $0.name == "group.id" }) {
            properties.append(Property(name: "group.id", value: Secret("bedrock-relay")))
        }
    }

    /// What librdkafka takes, and we cannot work with.
    private static func accepts(_ value: String, for key: String, _ node: YAMLNode, _ section: SectionReader) -> Bool {
        let problem: String
        switch key {
        case "group.id" where value.isEmpty:
            problem = "is empty, expected the name of the consumer group"
        case "statistics.interval.ms" where !(Int(value).map { (1...30_000).contains($0) } ?? true):
            problem = "is \(value), expected 1 to 30000: the statistics tell lag, and that brokers are there"
        default: return true
        }
        section.context.error(node, section.location.key(key), problem)
        return false
    }

    private static let brokerKeys: Set<String> = ["bootstrap.servers", "metadata.broker.list"]

    struct OwnProperty {
        /// The one value it may have; nil: it may not be set.
        var value: String?
        var reason: String
    }

    /// What the relay sets itself: another value would lose records or replies.
    static let ownProperties: [String: OwnProperty] = [
        "enable.auto.commit": OwnProperty(
            value: "false", reason: "an offset is committed only after its reply has been acknowledged"),
        "auto.commit.enable": OwnProperty(
            value: "false", reason: "an offset is committed only after its reply has been acknowledged"),
        "enable.auto.offset.store": OwnProperty(
            value: "false", reason: "positions are those of finished requests, not of records taken"),
        "enable.idempotence": OwnProperty(
            value: "true", reason: "a reply that is sent again must not appear twice"),
        "transactional.id": OwnProperty(
            value: nil,
            reason: "under relay.delivery: exactly_once it is made from group.id and group.instance.id, "
                + "so that no two instances share one"),
        "delivery.report.only.error": OwnProperty(
            value: "false", reason: "a request is finished when its reply's delivery is reported"),
        "enabled_events": OwnProperty(value: "0", reason: "events are taken by callbacks"),
    ]
}

extension ValueType<Secret> {
    /// A scalar as librdkafka wants it written; a list becomes its comma-separated form.
    fileprivate static var property: Self {
        ValueType { node, key, context in
            guard node.sequence != nil else { return rendered.read(node, key, context) }
            switch ValueType<[Secret]>.list(of: rendered).read(node, key, context) {
            case .value(let values): return .value(Secret(values.map { $0.reveal() }.joined(separator: ",")))
            case .absent: return .absent
            case .invalid: return .invalid
            }
        }
    }

    /// Booleans and numbers in the one spelling that librdkafka knows, all else as written.
    private static var rendered: Self {
        scalar("a librdkafka property value") { scalar in
            switch scalar.value {
            case .bool(let value): Secret(value ? "true" : "false")
            case .int(let value) where scalar.text.contains { !$0.isNumber && $0 != "-" }: Secret("\(value)")
            case .double(let value): Secret(Int(exactly: value).map { "\($0)" } ?? scalar.text)
            case .null, .int, .string: Secret(scalar.text)
            }
        }
    }

    /// A property that may be written down, but not changed.
    fileprivate static func ownProperty(_ own: KafkaSection.OwnProperty) -> Self {
        ValueType { node, key, context in
            let reading = property.read(node, key, context)
            guard case .value(let value) = reading, value.reveal().lowercased() != own.value else { return reading }
            let problem = own.value.map { "cannot be changed from \($0)" } ?? "cannot be set"
            context.error(node, key, "\(problem): \(own.reason)")
            return .invalid
        }
    }
}
