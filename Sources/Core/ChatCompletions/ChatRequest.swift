public import JSON

/// One chat request: the parsed body, and what every step of the way asks of it.
public struct ChatRequest: Sendable {
    public let body: JSONDocument
    public let model: String
    public let isStream: Bool

    /// Parses and checks a record's value: UTF-8 JSON, an object, `model` a non-empty string, `messages` a
    /// non-empty array of objects with a known role. Throws the 400 that says what and where.
    public init(json: [UInt8]) throws(RequestFailure) { fatalError("skeleton") }

    public var messages: JSONValue { fatalError("skeleton") }
}
