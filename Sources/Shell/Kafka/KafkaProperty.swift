/// One librdkafka property, in the order it is applied.
public struct KafkaProperty: Hashable, Sendable {
    public var name: String
    public var value: String
    /// Set for the one property whose value is code.
    public private(set) var tokens: KafkaTokenSource?

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// librdkafka's `oauthbearer_token_refresh_cb`. It travels with the other properties because every client that
    /// logs in needs it.
    public static func tokens(from source: KafkaTokenSource) -> KafkaProperty {
        var property = KafkaProperty("oauthbearer_token_refresh_cb", "")
        property.tokens = source
        return property
    }
}

/// Which properties a kind of client reads, as the installed librdkafka's own table says.
enum PropertyScope {
    case consumer
    case producer
    case both
}
