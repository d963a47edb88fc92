import ChatCompletions
import EventLoop
import ProviderAPI

/// LiteLLM's `mock_response` as a stream: the whole text in one piece.
@RequestPath
final class MockStream: ChatStream {
    let head: ChatStreamHead
    let isPausable = true
    private let response: ChatResponse
    private var isGiven = false

    init(_ response: ChatResponse) {
        self.response = response
        head = ChatStreamHead(response)
    }

    func next() async throws(ProviderError) -> [ChatDelta]? {
        guard !isGiven, !response.escapedContent.isEmpty else {
            isGiven = true
            return nil
        }
        isGiven = true
        return [.content(escaped: response.escapedContent)]
    }

    var conclusion: ChatConclusion? {
        isGiven ? ChatConclusion(response) : nil
    }
}
