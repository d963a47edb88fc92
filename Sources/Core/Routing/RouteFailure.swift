/// Why a request failed for good.
public enum RouteFailure: Error, Sendable {
    /// An attempt's failure is the answer: number `attempt` of this request's attempts, counting from zero.
    case attempt(Int, AttemptFailure)
    /// The router's own refusal (routing reference, section 14), with LiteLLM's class and status.
    case refused(Refusal)

    public struct Refusal: Error, Sendable {
        public var reason: Reason
        public var failureClass: FailureClass
        public var status: Int
        public var message: String
        public var retryAfter: Duration?

        public init(
            reason: Reason, failureClass: FailureClass, status: Int, message: String, retryAfter: Duration? = nil
        ) {
            self.reason = reason
            self.failureClass = failureClass
            self.status = status
            self.message = message
            self.retryAfter = retryAfter
        }
    }

    public enum Reason: String, Sendable {
        case unknownModel
        case noDeployments
        case rateLimit
        case parallelSlots
        case contextWindow
        case tags
        case budget
        case mock
    }
}
