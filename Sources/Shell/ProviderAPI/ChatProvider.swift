public import ChatCompletions
public import EventLoop
import Indirection
public import Routing

/// What a model provider must do.
@RequestPath
public protocol ChatProvider: AnyObject {
    /// Sends `request` to the attempt's deployment and returns its answer within `attempt.timeout`.
    func complete(_ request: ChatRequest, _ attempt: Attempt) async throws(ProviderError) -> ChatResponse

    /// Sends `request` to the attempt's deployment and returns its answer as soon as that begins. `attempt.timeout` bounds
    /// each wait for more of it, `limit` the whole.
    func stream(
        _ request: ChatRequest, _ attempt: Attempt, limit: Duration
    ) async throws(ProviderError) -> any ChatStream
}

/// Why a provider gave no answer: what routing needs to know, and what the requester is told.
public struct ProviderError: Error, Sendable {
    public var attempt: AttemptFailure { fields.value.attempt }
    public var reply: RequestFailure { fields.value.reply }
    /// The provider's own name for it, for logs and routing events: `ThrottlingException`.
    public var code: String? {
        get { fields.value.code }
        set { fields.value.code = newValue }
    }
    /// The provider's id of the exchange, for logs.
    public var requestID: String? { fields.value.requestID }
    /// The task was cancelled: nothing is to be learnt from this.
    public var isCancelled: Bool {
        get { fields.value.isCancelled }
        set { fields.value.isCancelled = newValue }
    }
    /// Nothing was sent: the request itself cannot be put into the provider's terms.
    public var isUnsent: Bool { fields.value.isUnsent }

    private struct Fields: Sendable {
        var attempt: AttemptFailure
        var reply: RequestFailure
        var code: String?
        var requestID: String?
        var isCancelled: Bool
        var isUnsent: Bool
    }

    private var fields: Indirect<Fields>

    public init(
        attempt: AttemptFailure, reply: RequestFailure, code: String? = nil, requestID: String? = nil,
        isCancelled: Bool = false, isUnsent: Bool = false
    ) {
        fields = Indirect(
            Fields(
                attempt: attempt, reply: reply, code: code, requestID: requestID, isCancelled: isCancelled,
                isUnsent: isUnsent))
    }
}
