/// What a complete streamed answer ends with.
public struct ChatConclusion: Hashable, Sendable {
    public var finishReason: ChatResponse.FinishReason
    /// Nil: the provider did not say.
    public var usage: Usage?
    /// The service tier that answered, where the provider says so.
    public var serviceTier: String?
    /// What the provider tells about guardrails, as JSON; empty for nothing.
    public var trace: [UInt8] = []

    public init(finishReason: ChatResponse.FinishReason, usage: Usage?) {
        self.finishReason = finishReason
        self.usage = usage
    }
}

extension ChatConclusion {
    public init(_ response: ChatResponse) {
        self.init(finishReason: response.finishReason, usage: response.usage)
        serviceTier = response.serviceTier
        trace = response.trace
    }
}

extension ChatResponse {
    /// A streamed answer without the pieces it was told in.
    public init(_ head: ChatStreamHead, _ conclusion: ChatConclusion) {
        self.init(
            id: head.id, created: head.created, model: head.model, escapedContent: [],
            finishReason: conclusion.finishReason, usage: conclusion.usage)
        serviceTier = conclusion.serviceTier
        trace = conclusion.trace
    }
}

extension ChatStreamHead {
    public init(_ response: ChatResponse) {
        self.init(id: response.id, created: response.created, model: response.model)
    }
}
