import JSON

/// What a body that was refused asks for, as far as it can be read: the refusal is an answer as well, and ends a stream
/// where one was asked for.
public struct RequestOutline: Hashable, Sendable {
    public var model: String?
    public var isStream = false

    public init(json: [UInt8], maximumSize: Int = ChatRequest.largestBody) {
        guard json.count <= maximumSize, let root = try? JSONDocument(parsing: json).root, root.isObject else { return }
        model = try? root["model"]?.requireName("model")
        isStream = root["stream"]?.bool == true
    }
}
