/// What a model takes besides text, as far as building its requests depends on it.
public struct ModelCapabilities: Hashable, Sendable {
    /// Model families whose requests differ.
    public enum Family: Hashable, Sendable { case claude, nova, openAI, grok, other }

    public var family: Family
    /// False for newer Claude models, which refuse `temperature`, `top_p` and `top_k`.
    public var takesSamplingParameters = true
    /// Whether `cache_control` marks become cache points, and whether these may live for an hour.
    public var cachesPrompts = false
    public var cachesPromptsForAnHour = false

    public init(family: Family) { self.family = family }

    /// The family that the base model's id tells; everything else as for a model of which nothing more is known.
    public init(baseModel: String) {
        family =
            if baseModel.hasPrefix("anthropic.") {
                .claude
            } else if baseModel.hasPrefix("amazon.nova") {
                .nova
            } else if baseModel.hasPrefix("openai.") {
                .openAI
            } else if baseModel.hasPrefix("xai.grok-") {
                .grok
            } else {
                .other
            }
        hasOutputMinimum =
            family == .grok || (baseModel.hasPrefix("openai.gpt-") && baseModel.dropFirst(11).first?.isNumber == true)
    }

    /// Whether fewer than 16 output tokens are refused (`openai.gpt-<n>`, `xai.grok-`).
    public var hasOutputMinimum = false
}
