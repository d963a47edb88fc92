import Indirection
import JSON

/// A request's failure as its requester sees it: OpenAI's error object and an HTTP-equivalent status.
public struct RequestFailure: Error, Hashable, Sendable {
    /// OpenAI's error types.
    public enum ErrorType: String, CaseIterable, Sendable {
        case invalidRequest = "invalid_request_error"
        case authentication = "authentication_error"
        case permission = "permission_error"
        case rateLimit = "rate_limit_error"
        case timeout = "timeout_error"
        case server = "server_error"
    }

    /// One of the contract's statuses: 400 401 403 404 408 413 429 500 502 503 504.
    public var status: Int { fields.value.status }
    public var type: ErrorType { fields.value.type }
    public var message: String { fields.value.message }
    /// The path of the request's offending member: `messages[2].role`.
    public var param: String? { fields.value.param }
    public var code: String? { fields.value.code }

    private struct Fields: Hashable, Sendable {
        var status: Int
        var type: ErrorType
        var message: String
        var param: String?
        var code: String?
    }

    private let fields: Indirect<Fields>

    public init(status: Int, type: ErrorType, message: String, param: String? = nil, code: String? = nil) {
        fields = Indirect(
            Fields(
                status: status, type: type, message: Self.bounded(message, to: 8192),
                param: param.map { Self.bounded($0, to: 1024) }, code: code))
    }

    /// Texts quote requests and answers, and have to fit into a reply whatever was quoted.
    private static func bounded(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        while String.Index(end, within: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end]) + "…"
    }

    /// `{"error": {"message", "type", "param", "code"}}`.
    public func json() -> [UInt8] {
        var json = JSONWriter(capacity: 128 + message.utf8.count)
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.member("message", message)
        json.member("type", type.rawValue)
        json.member("param", param)
        json.member("code", code)
        json.endObject()
        json.endObject()
        return json.finish()
    }
}
