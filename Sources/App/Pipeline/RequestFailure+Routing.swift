import ChatCompletions
import Routing

extension RequestFailure {
    /// The answer to a request whose deadline has passed.
    static let deadlineExceeded = RequestFailure(
        status: 504, type: .timeout, message: "The request's deadline passed before an answer was there.",
        code: "deadline_exceeded")

    /// The router's own refusal, in OpenAI's words.
    init(_ refusal: RouteFailure.Refusal) {
        let (type, code): (ErrorType, String?) =
            switch refusal.reason {
            case .unknownModel: (.invalidRequest, "model_not_found")
            case .contextWindow: (.invalidRequest, "context_length_exceeded")
            case .tags: (.permission, "model_not_allowed")
            case .noDeployments, .rateLimit, .parallelSlots: (.rateLimit, "rate_limit_exceeded")
            case .budget: (.rateLimit, "budget_exceeded")
            case .mock: (.server, nil)
            }
        self.init(status: refusal.status, type: type, message: refusal.message, code: code)
    }

    /// A failed attempt of which only routing's view is known.
    init(_ failure: AttemptFailure) {
        let type: ErrorType =
            switch failure.failureClass {
            case .badRequest, .contextWindowExceeded, .contentPolicyViolation, .notFound, .unprocessable:
                .invalidRequest
            case .authentication: .authentication
            case .permissionDenied, .paymentRequired: .permission
            case .timeout: .timeout
            case .rateLimit: .rateLimit
            case .internalServer, .badGateway, .serviceUnavailable, .apiConnection, .api: .server
            }
        self.init(
            status: failure.status, type: type, message: "The upstream call failed (\(failure.failureClass.rawValue)).")
    }
}
