import ChatCompletions
import HTTP
import ProviderAPI
import Routing

/// What goes wrong at Bedrock, in routing's and the requester's terms: the error table of the Bedrock reference, section 7.
enum BedrockErrors {
    static func providerError(_ error: ServiceError) -> ProviderError {
        let rule = rule(for: error)
        return providerError(
            rule, message: message(of: error), code: error.code, requestID: error.requestID,
            retryAfter: error.retryAfter)
    }

    static func providerError(
        _ rule: ErrorRule, message: String, code: String? = nil, requestID: String? = nil, retryAfter: Duration? = nil
    ) -> ProviderError {
        let attempt = AttemptFailure(
            rule.failureClass, status: rule.status, retryAfter: retryAfter, isRetryable: rule.isRetryable,
            coolsDown: rule.coolsDown)
        let reply = RequestFailure(status: rule.replyStatus, type: rule.type, message: message, code: rule.code)
        return ProviderError(attempt: attempt, reply: reply, code: code, requestID: requestID)
    }

    /// A request that is refused here, before anything is sent.
    static func providerError(_ refusal: RequestFailure) -> ProviderError {
        ProviderError(
            attempt: AttemptFailure(.badRequest, status: refusal.status), reply: refusal, isUnsent: true)
    }

    /// The exception's name counts first, then LiteLLM's telltale phrases, then the status.
    static func rule(for error: ServiceError) -> ErrorRule {
        let rule = ruleByCode(error) ?? ruleByText(error.text) ?? ruleByStatus(error)
        // The standard throttle's "Too many tokens, please wait" is close to a context-window phrase: case decides,
        // and a 429 never is one.
        return rule.status != 429 && isContextWindow(error) ? .contextWindow : rule
    }

    private static func ruleByCode(_ error: ServiceError) -> ErrorRule? {
        guard let code = error.code, let initial = code.first else { return nil }
        // Exceptions inside event streams are spelled with a small initial.
        return switch initial.uppercased() + code.dropFirst() {
        case "ValidationException": ruleForValidation(error)
        case "ServiceQuotaExceededException": .quotaExceeded
        case "UnrecognizedClientException", "InvalidClientTokenId": .authentication
        case "ExpiredTokenException", "ExpiredToken": .expiredToken
        case let name where signatureCodes.contains(name): .signature(status: error.status)
        case "AccessDeniedException": .permissionDenied
        case "ResourceNotFoundException", "FTUFormNotFilled": .notFound
        case "ModelTimeoutException": .timeout
        case "ModelErrorException", "ModelStreamErrorException": .modelError
        case "ThrottlingException": .throttled
        case "ModelNotReadyException": .modelNotReady
        case "InternalServerException": ruleForInternalError(error)
        case "ServiceUnavailableException": .serviceUnavailable
        default: nil
        }
    }

    static let signatureCodes: Set<String> = [
        "InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired",
        "IncompleteSignature", "IncompleteSignatureException",
    ]

    private static func ruleByText(_ text: String) -> ErrorRule? {
        let phrases: [(String, ErrorRule)] = [
            ("Conversation blocks and tool result blocks cannot be provided in the same turn.", .badRequest),
            ("Malformed input request", .badRequest),
            ("A conversation must start with a user message.", .badRequest),
            ("Unable to locate credentials", .authentication),
            ("The security token included in the request is invalid", .authentication),
            ("AccessDeniedException", .permissionDenied),
            ("throttlingException", .throttled), ("ThrottlingException", .throttled),
            ("Connect timeout on endpoint URL", .timeout), ("timed out", .timeout),
        ]
        return phrases.first { text.contains($0.0) }?.1
    }

    private static func ruleByStatus(_ error: ServiceError) -> ErrorRule {
        switch error.status {
        case 400: ruleForValidation(error)
        case 401: .authentication
        case 402: .paymentRequired
        case 403: .permissionDenied
        case 404: .notFound
        case 408: .timeout
        case 413: .tooLarge
        case 424: .modelError
        case 429: .throttled
        case 400..<500: ErrorRule(.badRequest, error.status, .invalidRequest)
        case 500: ruleForInternalError(error)
        case 502: .badGateway
        case 503: .serviceUnavailable
        case 504: .gatewayTimeout
        case 500...: ErrorRule(.api, error.status, .server)
        // A redirect, for instance: whatever answered there is not Bedrock.
        default: ErrorRule(.apiConnection, 502, .server)
        }
    }

    private static func ruleForValidation(_ error: ServiceError) -> ErrorRule {
        // AWS writes the apostrophe of "isn't" in two ways.
        let phrases = [
            "provided model identifier is invalid", "on-demand throughput isn't supported",
            "on-demand throughput isn\u{2019}t supported", "Operation not allowed",
        ]
        return phrases.contains(where: error.text.contains) ? .misconfiguredModel : .badRequest
    }

    private static func ruleForInternalError(_ error: ServiceError) -> ErrorRule {
        error.text.contains("Could not process image") ? .unprocessableImage : .internalServer
    }

    /// LiteLLM's phrases, case-sensitive, whatever the status; and two that it misses, for a 400.
    private static func isContextWindow(_ error: ServiceError) -> Bool {
        let phrases = [
            "too many tokens", "expected maxLength:", "Input is too long", "prompt is too long",
            "prompt: length: 1..", "Too many input tokens",
        ]
        let phrasesOf400 = [
            "input length and `max_tokens` exceed context limit", "maximum context length is",
        ]
        return phrases.contains(where: error.text.contains)
            || (error.status == 400 && phrasesOf400.contains(where: error.text.contains))
    }

    private static let messageLimit = 2000

    private static func message(of error: ServiceError) -> String {
        if let code = error.code, signatureCodes.contains(code) {
            // The service's own text quotes what it signed, session token included.
            return "Bedrock did not accept the request's signature (\(code))"
        }
        guard let message = error.message else {
            let name = error.code.map { " (\($0))" } ?? ""
            return "Bedrock answered with HTTP status \(error.status)\(name) and no message"
        }
        let text = String(message.prefix(messageLimit))
        return error.code.map { "\($0): \(text)" } ?? text
    }
}

extension BedrockErrors {
    /// An exchange that gave no answer.
    static func providerError(_ error: HTTPError) -> ProviderError {
        switch error.kind {
        case .connect, .connectionLost:
            return providerError(.unreachable, message: "the connection to Bedrock failed: \(error.message)")
        case .truncated:
            return providerError(.badGateway, message: "Bedrock's answer ended early: \(error.message)")
        case .timeout:
            return providerError(.timeout, message: "Bedrock did not answer in time: \(error.message)")
        case .tooLarge:
            var rule = ErrorRule.badGateway
            (rule.isRetryable, rule.coolsDown) = (false, false)
            return providerError(rule, message: "Bedrock's answer is too large: \(error.message)")
        case .invalidRequest:
            var rule = ErrorRule(.api, 500, .server)
            (rule.isRetryable, rule.coolsDown) = (false, false)
            return providerError(rule, message: "the request to Bedrock could not be made: \(error.message)")
        case .cancelled:
            var failure = providerError(.timeout, message: "the request was given up")
            failure.isCancelled = true
            return failure
        }
    }

    /// An answer that is not what Converse promises. Worth another try.
    static func malformedAnswer(_ why: String, requestID: String?) -> ProviderError {
        providerError(.badGateway, message: "Bedrock's answer cannot be used: \(why)", requestID: requestID)
    }

    /// `bedrock/invalid`: LiteLLM answers so without any call.
    static func unknownModel(_ model: String) -> ProviderError {
        providerError(.notFound, message: "no Bedrock model is named \"\(model)\"; nothing was sent")
    }

    static let missingCredentials = providerError(
        .authentication, message: "Unable to locate credentials; nothing was sent")

    /// No keys to sign with: nothing was sent. What exactly failed is for the log.
    static func providerError(_ failure: CredentialFailure) -> ProviderError {
        switch failure.kind {
        case .missing: return missingCredentials
        case .unavailable:
            return providerError(
                .serviceUnavailable, message: "the deployment's AWS credentials could not be obtained; nothing was sent"
            )
        case .timeout:
            return providerError(
                .timeout, message: "the deployment's AWS credentials did not arrive in time; nothing was sent")
        case .cancelled:
            var error = providerError(.timeout, message: "the request was given up")
            error.isCancelled = true
            return error
        }
    }
}
