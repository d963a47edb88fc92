import ChatCompletions
import HTTP
import ProviderAPI
import Routing
import Testing
import Time

@testable import Bedrock

@Suite struct BedrockErrorsTests {
    /// One row of the error table, and what it must come to.
    struct Row: CustomTestStringConvertible, Sendable {
        var status: Int
        var code: String?
        var message = "m"
        var failureClass: FailureClass
        /// The status the attempt counts as, and the one replied.
        var counts: Int
        var replies: Int
        var type: RequestFailure.ErrorType
        var replyCode: String?
        var isRetryable: Bool?
        var coolsDown: Bool?

        var testDescription: String { "\(status) \(code ?? "-"): \(message)" }

        init(
            _ status: Int, _ code: String?, saying message: String = "m", _ failureClass: FailureClass, _ counts: Int,
            _ replies: Int, _ type: RequestFailure.ErrorType, _ replyCode: String? = nil, retry: Bool? = nil,
            cool: Bool? = nil
        ) {
            self.status = status
            self.code = code
            self.message = message
            self.failureClass = failureClass
            self.counts = counts
            self.replies = replies
            self.type = type
            self.replyCode = replyCode
            isRetryable = retry
            coolsDown = cool
        }
    }

    static let rows: [Row] = [
        Row(400, "ValidationException", .badRequest, 400, 400, .invalidRequest),
        Row(
            400, "ValidationException", saying: "The provided model identifier is invalid.", .badRequest, 400, 400,
            .invalidRequest, "model_not_found", cool: true),
        Row(
            400, "ValidationException",
            saying: "Invocation of model ID x with on-demand throughput isn\u{2019}t supported.",
            .badRequest, 400, 400, .invalidRequest, "model_not_found", cool: true),
        Row(
            400, "ValidationException", saying: "Operation not allowed", .badRequest, 400, 400, .invalidRequest,
            "model_not_found", cool: true),
        Row(400, "ServiceQuotaExceededException", .rateLimit, 429, 429, .rateLimit, "insufficient_quota"),
        Row(403, "UnrecognizedClientException", .authentication, 401, 401, .authentication, "invalid_api_key"),
        Row(403, "InvalidClientTokenId", .authentication, 401, 401, .authentication, "invalid_api_key"),
        Row(403, "ExpiredTokenException", .permissionDenied, 403, 403, .authentication),
        Row(403, "InvalidSignatureException", .permissionDenied, 403, 403, .authentication),
        Row(403, "SignatureDoesNotMatch", .permissionDenied, 403, 403, .authentication),
        Row(403, "RequestTimeTooSkewed", .permissionDenied, 403, 403, .authentication),
        Row(400, "IncompleteSignature", .badRequest, 400, 400, .authentication),
        Row(403, "AccessDeniedException", .permissionDenied, 403, 403, .permission),
        Row(404, "ResourceNotFoundException", .notFound, 404, 404, .invalidRequest, "model_not_found"),
        Row(404, "FTUFormNotFilled", .notFound, 404, 404, .invalidRequest, "model_not_found"),
        Row(408, "ModelTimeoutException", .timeout, 408, 408, .timeout),
        Row(413, nil, .badRequest, 413, 413, .invalidRequest, "request_too_large"),
        Row(424, "ModelErrorException", .badRequest, 424, 502, .server, retry: true, cool: false),
        Row(429, "ThrottlingException", .rateLimit, 429, 429, .rateLimit, "rate_limit_exceeded"),
        Row(429, "ModelNotReadyException", .rateLimit, 429, 429, .rateLimit),
        Row(500, "InternalServerException", .serviceUnavailable, 500, 500, .server),
        Row(500, "InternalServerException", saying: "Could not process image", .internalServer, 500, 500, .server),
        Row(502, nil, .badGateway, 502, 502, .server),
        Row(503, "ServiceUnavailableException", .serviceUnavailable, 503, 503, .server),
        Row(504, nil, .timeout, 504, 504, .timeout),
        Row(529, nil, .api, 529, 502, .server),
        // By status alone, or by a phrase.
        Row(401, nil, .authentication, 401, 401, .authentication, "invalid_api_key"),
        Row(402, nil, .paymentRequired, 402, 403, .permission),
        Row(403, nil, .permissionDenied, 403, 403, .permission),
        Row(409, "ConflictException", .badRequest, 409, 400, .invalidRequest),
        Row(422, nil, .badRequest, 422, 400, .invalidRequest),
        Row(307, nil, .apiConnection, 502, 502, .server),
        Row(
            403, nil, saying: "The security token included in the request is invalid.", .authentication, 401, 401,
            .authentication, "invalid_api_key"),
        Row(
            400, nil, saying: "throttlingException: slow down", .rateLimit, 429, 429, .rateLimit, "rate_limit_exceeded"),
        Row(400, "throttlingException", .rateLimit, 429, 429, .rateLimit, "rate_limit_exceeded"),
        Row(500, nil, saying: "Malformed input request: #/x", .badRequest, 400, 400, .invalidRequest),
        Row(500, nil, saying: "upstream timed out", .timeout, 408, 408, .timeout),
    ]

    static func response(
        _ status: Int, headers: [String] = [], body: String = ""
    ) -> HTTPResponse {
        var all = HTTPHeaders()
        for header in headers { all.append(line: Array(header.utf8)) }
        return HTTPResponse(status: status, headers: all, body: Array(body.utf8))
    }

    static func providerError(
        _ status: Int, headers: [String] = [], body: String = "", now: Instant = Instant(nanoseconds: 0)
    ) -> ProviderError {
        BedrockErrors.providerError(ServiceError(response(status, headers: headers, body: body), now: now))
    }

    @Test(arguments: rows)
    func `an error counts and is answered as its row of the table says`(_ row: Row) {
        let header = row.code.map { ["x-amzn-ErrorType: \($0):http://internal.amazon.com/coral/"] } ?? []
        let error = Self.providerError(row.status, headers: header, body: #"{"message":"\#(row.message)"}"#)

        #expect(error.attempt.failureClass == row.failureClass)
        #expect(error.attempt.status == row.counts)
        #expect(error.attempt.isRetryable == row.isRetryable)
        #expect(error.attempt.coolsDown == row.coolsDown)
        #expect(error.reply.status == row.replies)
        #expect(error.reply.type == row.type)
        #expect(error.reply.code == row.replyCode)
        #expect(error.code == row.code)
    }

    @Test func `a header without a value does not hide the name in the body`() {
        let body = #"{"__type":"com.amazon#ThrottlingException","message":"m"}"#
        let error = Self.providerError(400, headers: ["x-amzn-ErrorType:"], body: body)
        #expect(error.code == "ThrottlingException")
        #expect(error.attempt.status == 429)
    }

    @Test(arguments: rows.filter { $0.code != nil })
    func `a name in the body serves as well as one in the header`(_ row: Row) {
        for member in ["__type", "code"] {
            let body = #"{"\#(member)":"com.amazon.coral#\#(row.code ?? "")","Message":"\#(row.message)"}"#
            let error = Self.providerError(row.status, body: body)
            #expect(error.attempt.failureClass == row.failureClass)
            #expect(error.reply.message.contains(row.message) || row.type == .authentication)
        }
    }

    @Test(arguments: [
        "Input is too long for requested model.", "prompt is too long: 210000 tokens > 200000 maximum",
        "expected maxLength: 300000, actual: 400000", "too many tokens in prompt", "Too many input tokens",
        "prompt: length: 1..10", "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
        "This model's maximum context length is 8192 tokens",
    ])
    func `a context-window phrase makes a 400 a context-window error`(_ message: String) {
        let error = Self.providerError(
            400, headers: ["x-amzn-errortype: ValidationException"], body: #"{"message":"\#(message)"}"#)

        #expect(error.attempt == AttemptFailure(.contextWindowExceeded, status: 400))
        #expect(error.reply.code == "context_length_exceeded")
    }

    @Test(arguments: [
        (429, "Too many tokens, please wait before trying again.", FailureClass.rateLimit),
        (429, "too many tokens", .rateLimit), (429, "Input is too long", .rateLimit),
        (400, "Too many tokens, please wait before trying again.", .badRequest),
        (400, "INPUT IS TOO LONG", .badRequest), (503, "maximum context length is", .serviceUnavailable),
    ])
    func `a throttle or another case of letters does not`(
        _ status: Int, _ message: String, _ expected: FailureClass
    ) {
        #expect(Self.providerError(status, body: #"{"message":"\#(message)"}"#).attempt.failureClass == expected)
    }

    @Test func `LiteLLM's own phrases count whatever the status, ours for a 400 only`() {
        let error = Self.providerError(424, body: #"{"message":"Input is too long"}"#)
        #expect(error.attempt.failureClass == .contextWindowExceeded)
    }

    @Test(arguments: ["", "<html><body>503 Service Temporarily Unavailable</body></html>", "{", "[1]", "\u{0}"])
    func `an empty body or a proxy's page is answered in our words`(_ body: String) {
        let error = Self.providerError(503, body: body)
        #expect(error.attempt.failureClass == .serviceUnavailable)
        #expect(error.reply.message == "Bedrock answered with HTTP status 503 and no message")
    }

    @Test func `what a signature error quotes stays here`() {
        let error = Self.providerError(
            403, headers: ["x-amzn-errortype: InvalidSignatureException", "x-amzn-requestid: r-1"],
            body: #"{"message":"The Canonical String should have been 'x-amz-security-token:SECRET'"}"#)
        #expect(!error.reply.message.contains("SECRET"))
        #expect(error.requestID == "r-1")
    }

    @Test func `a long message is cut`() {
        let body = #"{"message":"\#(String(repeating: "x", count: 100_000))"}"#
        #expect(Self.providerError(400, body: body).reply.message.count == 2000)
    }

    @Test(arguments: [
        ("retry-after: 7", Duration.seconds(7)), ("Retry-After: 0", .zero), ("retry-after: 1.5", .milliseconds(1500)),
        ("retry-after: Fri, 02 Jan 2026 03:04:35 GMT", .seconds(30)), ("x-amz-retry-after: 250", .milliseconds(250)),
    ])
    func `retry-after is read in seconds, as a date and in milliseconds`(_ header: String, _ expected: Duration) throws
    {
        let now = try Instant(signingTime: "20260102T030405Z")
        #expect(Self.providerError(429, headers: [header], now: now).attempt.retryAfter == expected)
    }

    @Test(arguments: [
        "retry-after: soon", "retry-after: -3", "retry-after: Fri, 02 Jan 2026 03:04:00 GMT", "retry-after: nan",
        "retry-after: 1e300", "x-amz-retry-after: x", "x-other: 1",
    ])
    func `a retry-after that says nothing is none`(_ header: String) throws {
        let now = try Instant(signingTime: "20260102T030405Z")
        #expect(Self.providerError(429, headers: [header], now: now).attempt.retryAfter == nil)
    }

    @Test(arguments: [
        (HTTPError.Kind.connect, FailureClass.apiConnection, 503, 503), (.connectionLost, .apiConnection, 503, 503),
        (.truncated, .badGateway, 502, 502), (.timeout, .timeout, 408, 408), (.tooLarge, .badGateway, 502, 502),
        (.invalidRequest, .api, 500, 500),
    ])
    func `an exchange without an answer counts by its kind`(
        _ kind: HTTPError.Kind, _ failureClass: FailureClass, _ counts: Int, _ replies: Int
    ) {
        let error = BedrockErrors.providerError(HTTPError(kind, message: "m"))
        #expect(error.attempt.failureClass == failureClass)
        #expect(error.attempt.status == counts)
        #expect(error.reply.status == replies)
        #expect(!error.isCancelled)
    }

    @Test func `a cancelled exchange says so`() {
        #expect(BedrockErrors.providerError(HTTPError(.cancelled, message: "")).isCancelled)
    }

    @Test func `every status is answered with one of the contract's`() {
        let contract: Set = [400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504]
        for status in 100...999 { #expect(contract.contains(Self.providerError(status).reply.status)) }
    }
}
