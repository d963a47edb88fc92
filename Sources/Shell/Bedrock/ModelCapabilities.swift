/// What a model takes besides text, as far as building its requests depends on it.
public struct ModelCapabilities: Hashable, Sendable {
    /// Model families whose requests differ.
    public enum Family: Hashable, Sendable { case claude, nova, openAI, grok, other }

    /// Where a model takes how much to reason.
    public enum Reasoning: Hashable, Sendable {
        /// Nowhere: it does not reason, or always the same.
        case fixed
        /// `thinking` with a budget of tokens (Claude before 4.6).
        case thinkingBudget
        /// `thinking` by itself, and `output_config.effort` (Claude from 4.6 on); with a budget as well (4.6 only).
        case adaptiveThinking(takesBudgets: Bool)
        /// `reasoningConfig.maxReasoningEffort` (Nova 2).
        case reasoningConfig
        /// `reasoning_effort`, as OpenAI's older models and most open ones.
        case effort
        /// `reasoning.effort` (`openai.gpt-<n>`).
        case nestedEffort
    }

    public var family: Family
    public var reasoning: Reasoning
    /// False for newer Claude models, which refuse `temperature`, `top_p` and `top_k`.
    public var takesSamplingParameters = true
    /// Whether `cache_control` marks become cache points, and whether these may live for an hour.
    public var cachesPrompts = false
    public var cachesPromptsForAnHour = false
    /// Whether it tells an answer while it makes it, and also one for which it has tools.
    public var streams = true
    public var streamsWithTools = true

    func streams(withTools hasTools: Bool) -> Bool { hasTools ? streamsWithTools : streams }
    /// Whether it can be given tools, and be told which to use. Of an unknown model Bedrock is the judge.
    public var takesTools = true
    public var takesToolChoice = true
    /// Whether tools may be `strict` and say what else their input may hold: most of Claude's, no others.
    public var takesStrictTools = true
    /// Whether it can be kept from calling several tools at once.
    public var takesParallelToolUseSetting = false
    /// Whether Converse holds its answers to a JSON schema; others are given a tool to answer with.
    public var hasStructuredOutput = false
    /// Whether fewer than 16 output tokens are refused (`openai.gpt-<n>`, `xai.grok-`).
    public var hasOutputMinimum = false

    /// The family that the base model's id tells; everything else as for a model of which nothing more is known.
    public init(baseModel: String) {
        let isNumberedGPT = baseModel.hasPrefix("openai.gpt-") && baseModel.dropFirst(11).first?.isNumber == true
        family = Family(baseModel)
        hasOutputMinimum = family == .grok || isNumberedGPT
        takesStrictTools = family == .claude
        streams = !baseModel.hasPrefix("ai21.")
        streamsWithTools = streams && !baseModel.hasPrefix("meta.llama3-3-70b")
        reasoning =
            switch family {
            case .claude: Self.reasoningOfClaude(baseModel)
            case .nova: baseModel.hasPrefix("amazon.nova-2") ? .reasoningConfig : .fixed
            case .openAI: isNumberedGPT ? .nestedEffort : .effort
            case .grok, .other: baseModel.hasPrefix("deepseek.v3") ? .effort : .fixed
            }
    }

    /// The same, told whether the model reasons at all.
    public init(baseModel: String, reasons: Bool?) {
        self.init(baseModel: baseModel)
        switch (reasons, family) {
        case (false, _): reasoning = .fixed
        case (true, .claude) where reasoning == .fixed:
            reasoning = .adaptiveThinking(takesBudgets: false)  // named without a number
        // R1 always reasons. Of the others LiteLLM asks in Claude's words.
        case (true, .grok), (true, .other):
            if !baseModel.hasPrefix("deepseek.") { reasoning = .thinkingBudget }
        case (true, _), (nil, _): break
        }
    }

    /// Of a model that is in no catalogue. What is marked to be cached stays so, and who asks an ARN that hides its model
    /// to think has one of Claude's in mind: Bedrock is the judge.
    public init(undescribed model: BedrockModelString) {
        let name = model.baseModel
        self.init(baseModel: name)
        cachesPrompts = true
        if model.id.hasPrefix("arn:"), !name.contains(".") { reasoning = .thinkingBudget }
    }

    /// By the version in `anthropic.claude-3-7-sonnet-20250219-v1:0`, `anthropic.claude-sonnet-4-6`.
    private static func reasoningOfClaude(_ baseModel: String) -> Reasoning {
        let words = baseModel.split(separator: "-")
        guard let first = words.firstIndex(where: { versionNumber($0) != nil }), let major = versionNumber(words[first])
        else { return .fixed }
        let minor = words.dropFirst(first + 1).first.flatMap(versionNumber) ?? 0
        if (major, minor) >= (4, 6) { return .adaptiveThinking(takesBudgets: (major, minor) == (4, 6)) }
        return (major, minor) >= (3, 7) ? .thinkingBudget : .fixed
    }

    /// Dates have more digits.
    private static func versionNumber(_ word: Substring) -> Int? { word.utf8.count <= 2 ? Int(word) : nil }
}

extension ModelCapabilities.Family {
    init(_ baseModel: String) {
        self =
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
    }
}
