public import ChatCompletions
public import EventLoop

/// A streamed answer, taken as it comes. Letting it go before its end gives the call up.
@RequestPath
public protocol ChatStream: AnyObject {
    var head: ChatStreamHead { get }

    /// Whether not taking its pieces slows the model's server down, and nobody else. One that is not pausable must be taken
    /// on as it comes.
    var isPausable: Bool { get }

    /// The pieces that have come since the last call, at least one; suspends until there are some. Nil when the answer
    /// is complete, and only then: an answer that ends early throws.
    func next() async throws(ProviderError) -> [ChatDelta]?

    /// What the answer ends with: there once `next` has returned nil.
    var conclusion: ChatConclusion? { get }
}
