public import ChatCompletions

/// LiteLLM's error classes, which retry, cool-down and fallback rules are written in (routing reference, section 14).
public enum FailureClass: String, CaseIterable, Sendable {
    case badRequest = "BadRequestError"
    case contextWindowExceeded = "ContextWindowExceededError"
    case contentPolicyViolation = "ContentPolicyViolationError"
    case authentication = "AuthenticationError"
    case permissionDenied = "PermissionDeniedError"
    case paymentRequired = "PaymentRequiredError"
    case notFound = "NotFoundError"
    case timeout = "Timeout"
    case unprocessable = "UnprocessableEntityError"
    case rateLimit = "RateLimitError"
    case internalServer = "InternalServerError"
    case badGateway = "BadGatewayError"
    case serviceUnavailable = "ServiceUnavailableError"
    case apiConnection = "APIConnectionError"
    case api = "APIError"
}

/// Numbers by error class: `retry_policy` (how often to retry) and `allowed_fails_policy` (failures allowed).
public struct FailurePolicy: Hashable, Sendable {
    public var counts: [FailureClass: Int]
    /// `DefaultRetries`.
    public var defaultCount: Int?

    public init(counts: [FailureClass: Int] = [:], defaultCount: Int? = nil) {
        self.counts = counts
        self.defaultCount = defaultCount
    }
}

/// Why one attempt failed, as far as routing looks at it.
public struct AttemptFailure: Error, Hashable, Sendable {
    public var failureClass: FailureClass
    /// The status the attempt counts as.
    public var status: Int
    /// The answer's `retry-after`.
    public var retryAfter: Duration?
    /// Model-side faults that are worth a retry although their status says otherwise (Bedrock's 424).
    public var isRetryable: Bool?
    /// The deployment itself is misconfigured: cool it down although the status says otherwise.
    public var coolsDown: Bool?

    public init(
        _ failureClass: FailureClass, status: Int, retryAfter: Duration? = nil, isRetryable: Bool? = nil,
        coolsDown: Bool? = nil
    ) {
        self.failureClass = failureClass
        self.status = status
        self.retryAfter = retryAfter
        self.isRetryable = isRetryable
        self.coolsDown = coolsDown
    }
}

/// How one attempt ended.
public enum AttemptOutcome: Sendable {
    /// `usage` nil: the provider did not say. `contentFiltered`: the answer's finish reason was `content_filter`.
    case success(usage: Usage?, timeToFirstToken: Duration?, contentFiltered: Bool)
    case failure(AttemptFailure)
    /// Given up by us (deadline, shutdown): nothing is learnt about the deployment, what it held is released.
    case abandoned
}
