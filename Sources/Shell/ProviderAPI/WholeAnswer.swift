public import ChatCompletions
public import EventLoop

/// An answer that is there as a whole, told as a stream: every part of it in one piece.
@RequestPath
public final class WholeAnswer: ChatStream {
    public let head: ChatStreamHead
    public let isPausable = true
    private let response: ChatResponse
    private var isGiven = false

    public init(_ response: ChatResponse) {
        self.response = response
        head = ChatStreamHead(response)
    }

    public func next() async throws(ProviderError) -> [ChatDelta]? {
        let deltas = isGiven ? [] : response.deltas
        isGiven = true
        return deltas.isEmpty ? nil : deltas
    }

    public var conclusion: ChatConclusion? {
        isGiven ? ChatConclusion(response) : nil
    }
}
