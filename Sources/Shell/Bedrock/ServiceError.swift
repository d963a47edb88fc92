import HTTP
import JSON
import Time

/// An unsuccessful answer of Bedrock, taken apart (Bedrock reference, section 7).
struct ServiceError: Sendable {
    var status: Int
    /// The exception's name, from `x-amzn-errortype`, else from the body: `ThrottlingException`.
    var code: String?
    /// The body's own message; nil for empty bodies and for pages that a proxy sends.
    var message: String?
    /// What telltale phrases are looked for in: the message, else the beginning of the body.
    var text: String
    var requestID: String?
    var retryAfter: Duration?
    /// The answer's `Date`.
    var date: Instant?

    private static let searchedLength = 8192

    init(_ response: HTTPResponse, now: Instant) {
        let document = try? JSONDocument(parsing: response.body)  // not JSON: an empty body, or a proxy's page
        let root = document?.root
        status = response.status
        // Gateways may send the header without a value.
        code =
            response.headers["x-amzn-errortype"].flatMap(Self.bareName)
            ?? root?["__type"]?.string.flatMap(Self.bareName) ?? root?["code"]?.string.flatMap(Self.bareName)
        message = root?["message"]?.string ?? root?["Message"]?.string
        text = message ?? String(decoding: response.body.prefix(Self.searchedLength), as: UTF8.self)
        requestID = response.headers["x-amzn-requestid"]
        retryAfter = RetryAfter.duration(in: response.headers, now: now)
        date = response.headers["date"].flatMap(HTTPDate.instant)
    }

    /// An exception or error inside an event stream, which has no status of its own.
    init(_ message: EventStreamMessage) {
        let root = (try? JSONDocument(parsing: message.payload))?.root  // errors have no body
        code = (message.text(of: ":exception-type") ?? message.text(of: ":error-code")).flatMap(Self.bareName)
        status = code.flatMap { Self.streamedStatuses[$0] } ?? 500
        self.message = root?["message"]?.string ?? message.text(of: ":error-message")
        text = self.message ?? String(decoding: message.payload.prefix(Self.searchedLength), as: UTF8.self)
    }

    /// The exceptions of the service model's stream; whatever else comes is the service's own fault.
    private static let streamedStatuses = [
        "internalServerException": 500, "modelStreamErrorException": 424, "validationException": 400,
        "throttlingException": 429, "serviceUnavailableException": 503,
    ]

    /// `aws.protocols#ThrottlingException:http://...` is `ThrottlingException`.
    private static func bareName(_ type: String) -> String? {
        let name = type.prefix { $0 != ":" }
        let bare = name.lastIndex(of: "#").map { name[name.index(after: $0)...] } ?? name
        return bare.isEmpty ? nil : String(bare)
    }
}
