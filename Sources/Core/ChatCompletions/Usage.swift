/// What one answer used, in tokens.
public struct Usage: Hashable, Sendable {
    /// All input tokens, cache reads and writes included.
    public var promptTokens: Int
    public var completionTokens: Int
    public var totalTokens: Int
    public var cacheReadTokens: Int
    public var cacheWriteTokens: Int
    /// How many of the completion tokens went into reasoning; 0 where that is not known.
    public var reasoningTokens = 0

    public init(
        promptTokens: Int, completionTokens: Int, totalTokens: Int? = nil, cacheReadTokens: Int = 0,
        cacheWriteTokens: Int = 0
    ) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.totalTokens = totalTokens ?? promptTokens + completionTokens
        self.cacheReadTokens = cacheReadTokens
        self.cacheWriteTokens = cacheWriteTokens
    }
}
