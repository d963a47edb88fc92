import CRdKafka

/// Owns an `rd_kafka_conf_t`: librdkafka's properties, checked one by one, for one kind of client.
///
/// One `kafka:` section feeds both kinds: properties that only the other kind reads are left out.
public struct KafkaClientConfiguration: ~Copyable {
    public enum Role: Sendable { case consumer, producer }

    /// A property that librdkafka, or this program, refuses.
    public struct Problem: Sendable, CustomStringConvertible {
        public var property: KafkaProperty
        /// librdkafka's own words where it is the one that refuses.
        public var message: String
        public var description: String { message }
    }

    /// Nil: given to the client.
    private var raw: OpaquePointer?
    private let role: Role
    /// Where OAUTHBEARER tokens come from, unless librdkafka has a source of its own.
    let tokens: KafkaTokenSource?

    /// Throws for the first property that is refused. Creates no client and touches no network.
    public init(properties: [KafkaProperty], role: Role) throws(KafkaError) {
        let raw: OpaquePointer = rd_kafka_conf_new()
        self.raw = raw
        self.role = role
        tokens = properties.lazy.compactMap(\.tokens).first
        // Logs come as events, so that no callback runs on librdkafka's threads.
        let forced = [KafkaProperty("log.queue", "true")]
        for property in KafkaDefaults.properties(for: role) + properties + forced
        where property.tokens == nil && Self.isRead(property, by: role) {
            if let message = Self.set(property, on: raw) {
                throw KafkaError(.configuration, name: "_INVALID_ARG", message: message)
            }
        }
    }

    deinit { if let raw { rd_kafka_conf_destroy(raw) } }

    /// Everything that is wrong with `properties` as far as can be told without creating a client.
    public static func problems(in properties: [KafkaProperty]) -> [Problem] {
        let scratch: OpaquePointer = rd_kafka_conf_new()
        defer { rd_kafka_conf_destroy(scratch) }
        return properties.filter { $0.tokens == nil }.compactMap { property in
            set(property, on: scratch).map { Problem(property: property, message: $0) }
        }
    }

    /// What stands against `properties` together, each of which is right by itself: in librdkafka's own words, which it
    /// has only for a client that is to start. One without brokers is made for it and destroyed: it touches no network.
    public static func conflict(among properties: [KafkaProperty], role: Role) -> String? {
        var properties = properties.filter { !reachesOut.contains($0.name) }
        // These begin to log in at once, Kerberos with a program of its own: then only the rest is looked at.
        if logsInAtOnce(properties) { properties.removeAll { $0.name == "security.protocol" } }
        do throws(KafkaError) {
            let client = try KafkaClientConfiguration(properties: properties, role: role).makeClient(events: 0)
            rd_kafka_destroy_flags(client.raw, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
            return nil
        } catch {
            return error.message
        }
    }

    private static let reachesOut = ["bootstrap.servers", "metadata.broker.list", "test.mock.num.brokers"]

    private static func logsInAtOnce(_ properties: [KafkaProperty]) -> Bool {
        func value(_ names: String...) -> String? { properties.last { names.contains($0.name) }?.value.lowercased() }
        guard value("security.protocol")?.hasPrefix("sasl") == true else { return false }
        return value("sasl.mechanisms", "sasl.mechanism") ?? "gssapi" == "gssapi"
            || value("sasl.oauthbearer.method") == "oidc"
    }

    /// Creates the client, which starts its threads and connects. `events`: the `RD_KAFKA_EVENT_*` it is to queue.
    consuming func makeClient(events: Int32, joins: JoinGroupWatch? = nil) throws(KafkaError) -> ClientHandle {
        if role == .consumer { joins?.observe(raw) }
        rd_kafka_conf_set_events(raw, tokens == nil ? events : events | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH)
        let type = role == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
        var text = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(type, raw, &text, text.count) else {
            throw KafkaError(.configuration, name: "_INVALID_ARG", message: Self.string(text))
        }
        raw = nil  // the client owns the properties now
        return ClientHandle(raw: client)
    }

    private static func isRead(_ property: KafkaProperty, by role: Role) -> Bool {
        switch PropertyTable.installed.scope(of: property.name) {
        case .both: true
        case .consumer: role == .consumer
        case .producer: role == .producer
        }
    }

    /// What is wrong with the property; nil when it is set.
    private static func set(_ property: KafkaProperty, on conf: OpaquePointer) -> String? {
        if commitsOnItsOwn.contains(property.name), property.value.lowercased() != "false" {
            return "\(property.name) must stay false: an offset is committed only after its reply is acknowledged"
        }
        var text = [CChar](repeating: 0, count: 512)
        let result = rd_kafka_conf_set(conf, property.name, property.value, &text, text.count)
        return result == RD_KAFKA_CONF_OK ? nil : string(text)
    }

    private static let commitsOnItsOwn = ["enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store"]

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
