/// One librdkafka property, in the order it is applied.
public struct KafkaProperty: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Which properties a kind of client reads, as the installed librdkafka's own table says.
enum PropertyScope {
    case consumer
    case producer
    case both
}
