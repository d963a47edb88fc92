import ChatCompletions
import JSON

/// How hard to think: `thinking` and `reasoning_effort`, put where the model takes them.
extension ConverseParameters {
    /// The least that Claude thinks with.
    private static let minimumBudget = 1024
    /// What is left for the answer when nobody said how long it may be.
    private static let answerTokens = 4096

    mutating func mapReasoning(for capabilities: ModelCapabilities) throws(RequestFailure) {
        if let thinking {
            try mapThinking(thinking, capabilities)
        } else if let effort = reasoningEffort, !effort.isString("none") {
            guard capabilities.reasoning != .fixed else { return refuse("reasoning_effort") }
            guard let effort = effort.string.flatMap(Effort.init) else {
                throw Self.refusal(
                    "reasoning_effort", "expected none, minimal, low, medium, high, xhigh or max")
            }
            map(effort, capabilities.reasoning)
        }
    }

    private mutating func mapThinking(
        _ thinking: JSONValue, _ capabilities: ModelCapabilities
    ) throws(RequestFailure) {
        guard capabilities.reasoning != .fixed else { return refuse("thinking") }
        guard let type = thinking["type"], type.isString else {
            throw Self.refusal("thinking.type", "expected a string")
        }
        isThinking = !type.isString("disabled")
        wantsThinkingUsage = isThinking && capabilities.family == .claude
        guard type.isString("enabled"), let budget = thinking["budget_tokens"], !budget.isNull else {
            return modelFields.put("thinking", json: thinking.source)
        }
        guard let tokens = budget.integer else { throw Self.refusal("thinking.budget_tokens", "expected an integer") }
        think(withBudget: tokens, thinking)
    }

    private mutating func map(_ effort: Effort, _ reasoning: ModelCapabilities.Reasoning) {
        switch reasoning {
        case .fixed: break
        case .thinkingBudget:
            (isThinking, wantsThinkingUsage) = (true, true)
            think(withBudget: effort.budget, nil)
        case .adaptiveThinking:
            (isThinking, wantsThinkingUsage) = (true, true)
            let name = effort == .minimal ? "low" : effort.rawValue
            modelFields.put("output_config", json: #"{"effort":"\#(name)"}"#)
            modelFields.put("thinking", json: #"{"type":"adaptive","display":"summarized"}"#)
        case .reasoningConfig:
            modelFields.put(
                "reasoningConfig", json: #"{"type":"enabled","maxReasoningEffort":"\#(effort.ofThree)"}"#)
        case .effort: modelFields.put("reasoning_effort", json: "\"\(effort.rawValue)\"")
        case .nestedEffort: modelFields.put("reasoning", json: #"{"effort":"\#(effort.rawValue)"}"#)
        }
    }

    /// Thinks with `tokens` but no less than the minimum; other members of `thinking` stay.
    private mutating func think(withBudget tokens: Int, _ thinking: JSONValue?) {
        let budget = max(Self.minimumBudget, tokens)
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", "enabled")
        writer.member("budget_tokens", budget)
        if let thinking {
            for member in thinking.members
            where !member.key.isString("type") && !member.key.isString("budget_tokens") {
                writer.key(text: member.key.string ?? "")
                writer.source(member.value.source)
            }
        }
        writer.endObject()
        modelFields.put("thinking", json: writer.finish()[...])
        defaultMaxTokens = min(budget, Int.max - Self.answerTokens) + Self.answerTokens
    }

    /// `reasoning_effort`, least first.
    private enum Effort: String {
        case minimal, low, medium, high, xhigh, max

        /// LiteLLM's budgets; the floor applies to them as well.
        var budget: Int {
            switch self {
            case .minimal: 128
            case .low: 1024
            case .medium: 2048
            case .high: 4096
            case .xhigh: 8192
            case .max: 16384
            }
        }

        var ofThree: String {
            switch self {
            case .minimal, .low: "low"
            case .medium: "medium"
            case .high, .xhigh, .max: "high"
            }
        }
    }
}
