public import JSON

/// One chat request: the parsed body, and what every step of the way asks of it.
///
/// All of it lies behind one reference: a request is handed from step to step, and every one of them would keep a copy.
public struct ChatRequest: Sendable {
    /// What `response_format.type` asks for.
    public enum ResponseFormat: String, CaseIterable, Sendable {
        case text
        case jsonObject = "json_object"
        case jsonSchema = "json_schema"

        static let table = KeyTable<ResponseFormat>()
    }

    /// What `stream_options` asks for.
    public struct StreamOptions: Hashable, Sendable {
        /// Whether the last chunk tells the usage.
        public var includeUsage = false
    }

    private final class Storage: Sendable {
        let fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    private let storage: Storage

    public var body: JSONDocument { storage.fields.body }
    public var model: String { storage.fields.model }
    public var isStream: Bool { storage.fields.isStream }
    public var streamOptions: StreamOptions { storage.fields.streamOptions }
    public var responseFormat: ResponseFormat? { storage.fields.responseFormat }
    /// `messages`: a non-empty array of checked messages.
    public var messages: JSONValue { storage.fields.messages }
    /// LiteLLM's per-request extras.
    public var overrides: RequestOverrides { storage.fields.overrides }
    /// The override that is asked for at every call: all of them are a copy.
    public var mockResponse: String? { storage.fields.overrides.mockResponse }
    /// `max_completion_tokens`, else its older name `max_tokens`.
    public var maxOutputTokens: Int? { storage.fields.maxCompletionTokens ?? storage.fields.maxTokens }

    /// The body's keys that are read here and by the router, and mean nothing to a provider.
    public static let routingKeys = RequestOverrides.Key.allCases.map(\.rawValue)

    /// Whether `key`, a member's key, is one of `routingKeys`.
    public static func isRoutingKey(_ key: JSONValue) -> Bool { RequestOverrides.Key.table[key] != nil }

    /// In bytes.
    public static let largestBody = 20_000_000

    /// Parses and checks a record's value: UTF-8 JSON, an object, `model` a non-empty string, `messages` a
    /// non-empty array of objects with a known role, known parameters of the right type. Throws the 400 that says what
    /// and where, or the 413 for a body of more than `maximumSize` bytes.
    public init(json: [UInt8], maximumSize: Int = largestBody) throws(RequestFailure) {
        guard json.count <= maximumSize else { throw .tooLarge(size: json.count, maximum: maximumSize) }
        let body: JSONDocument
        do { body = try JSONDocument(parsing: json) } catch { throw .notJSON(error) }
        storage = Storage(try Fields(reading: body))
    }
}
