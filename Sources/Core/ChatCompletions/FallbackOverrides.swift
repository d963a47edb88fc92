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
        for member in entry.members where !member.value.isNull {
            let name = { (key: String) in path + key }
            switch member.key.string {
            case "num_retries":
                numRetries = try member.value.requireInteger(atLeast: 0, atMost: 1000, name("num_retries"))
            case "timeout": timeout = try member.value.requireSeconds(name("timeout"))
            case "request_timeout": requestTimeout = try member.value.requireSeconds(name("request_timeout"))
            case "stream_timeout": streamTimeout = try member.value.requireSeconds(name("stream_timeout"))
            default: break
            }
        }
        if self == FallbackOverrides() { return nil }
    }
}
