import ChatCompletions
import Routing

/// What one row of the error table says: how the attempt counts, and what the requester is told.
struct ErrorRule: Hashable, Sendable {
    var failureClass: FailureClass
    /// The status the attempt counts as.
    var status: Int
    var type: RequestFailure.ErrorType
    /// OpenAI's error code.
    var code: String?
    var isRetryable: Bool?
    var coolsDown: Bool?

    init(
        _ failureClass: FailureClass, _ status: Int, _ type: RequestFailure.ErrorType, _ code: String? = nil,
        isRetryable: Bool? = nil, coolsDown: Bool? = nil
    ) {
        self.failureClass = failureClass
        self.status = status
        self.type = type
        self.code = code
        self.isRetryable = isRetryable
        self.coolsDown = coolsDown
    }

    /// The contract's status that stands for `status` in a reply.
    var replyStatus: Int {
        switch status {
        case 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504: status
        case 402: 403
        case 424: 502
        case 400..<500: 400
        default: 502
        }
    }

    static let badRequest = ErrorRule(.badRequest, 400, .invalidRequest)
    static let contextWindow = ErrorRule(.contextWindowExceeded, 400, .invalidRequest, "context_length_exceeded")
    /// The deployment is set up wrongly, so it is benched although a 400 does not do that.
    static let misconfiguredModel = ErrorRule(.badRequest, 400, .invalidRequest, "model_not_found", coolsDown: true)
    static let quotaExceeded = ErrorRule(.rateLimit, 429, .rateLimit, "insufficient_quota")
    static let authentication = ErrorRule(.authentication, 401, .authentication, "invalid_api_key")
    static let expiredToken = ErrorRule(.permissionDenied, 403, .authentication)
    static let permissionDenied = ErrorRule(.permissionDenied, 403, .permission)
    static let paymentRequired = ErrorRule(.paymentRequired, 402, .permission)
    static let notFound = ErrorRule(.notFound, 404, .invalidRequest, "model_not_found")
    static let timeout = ErrorRule(.timeout, 408, .timeout)
    static let tooLarge = ErrorRule(.badRequest, 413, .invalidRequest, "request_too_large")
    /// A fault on the model's side: worth a retry, no reason to bench the deployment.
    static let modelError = ErrorRule(.badRequest, 424, .server, isRetryable: true, coolsDown: false)
    static let throttled = ErrorRule(.rateLimit, 429, .rateLimit, "rate_limit_exceeded")
    static let modelNotReady = ErrorRule(.rateLimit, 429, .rateLimit)
    /// LiteLLM's class for a 500 is that of a 503, which its retry and cool-down rules are written for; the status stays.
    static let internalServer = ErrorRule(.serviceUnavailable, 500, .server)
    static let unprocessableImage = ErrorRule(.internalServer, 500, .server)
    static let badGateway = ErrorRule(.badGateway, 502, .server)
    static let serviceUnavailable = ErrorRule(.serviceUnavailable, 503, .server)
    static let gatewayTimeout = ErrorRule(.timeout, 504, .timeout)
    /// No connection, or one that broke.
    static let unreachable = ErrorRule(.apiConnection, 503, .server)

    static func signature(status: Int) -> ErrorRule {
        status == 403
            ? ErrorRule(.permissionDenied, 403, .authentication) : ErrorRule(.badRequest, 400, .authentication)
    }
}
