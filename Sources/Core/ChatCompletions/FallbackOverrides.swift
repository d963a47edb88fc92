public import JSON

/// What an entry of a fallback list says of its own hop's routing, in place of what the request says: LiteLLM lays the
/// entry's members over the request's.
public struct FallbackOverrides: Hashable, Sendable {
    public var numRetries: Int?
    public var timeout: Duration?
    public var requestTimeout: Duration?
    public var streamTimeout: Duration?

    public init() {}

    /// Reads the entry, a JSON object; nil when it says nothing of the kind. A null is as good as absent. `path`: what
    /// errors put before a key.
    public init?(reading entry: JSONValue, path: String) throws(RequestFailure) {
        var overrides = RequestOverrides()
        for member in entry.members {
            switch RequestOverrides.Key.table[member.key] {
            case let key? where [.numRetries, .timeout, .requestTimeout, .streamTimeout].contains(key):
                try overrides.read(key, member.value, path: path)
            default: break
            }
        }
        numRetries = overrides.numRetries
        timeout = overrides.timeout
        requestTimeout = overrides.requestTimeout
        streamTimeout = overrides.streamTimeout
        if self == FallbackOverrides() { return nil }
    }
}
