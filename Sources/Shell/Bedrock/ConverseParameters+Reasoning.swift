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
            try map(effort, capabilities.reasoning)
        }
    }

    private mutating func mapThinking(
        _ thinking: JSONValue, _ capabilities: ModelCapabilities
    ) throws(RequestFailure) {
        var isAlwaysAdaptive = false
        var isNeverAdaptive = false
        switch capabilities.reasoning {
        case .thinkingBudget: isNeverAdaptive = true
        case .adaptiveThinking(let takesBudgets): isAlwaysAdaptive = !takesBudgets
        case .fixed, .reasoningConfig, .effort, .nestedEffort: return refuse("thinking")
        }
        guard let type = thinking["type"], type.isString else {
            throw Self.refusal("thinking.type", "expected a string")
        }
        let budget = thinking["budget_tokens"].flatMap { $0.isNull ? nil : $0 }
        if let budget, budget.integer == nil {
            throw Self.refusal("thinking.budget_tokens", "expected an integer")
        }
        if type.isString("adaptive"), isNeverAdaptive { return thinkWithinMaxTokens() }
        isThinking = !type.isString("disabled")
        isReasoning = isThinking
        wantsThinkingUsage = true
        if type.isString("enabled"), isAlwaysAdaptive {
            thinkAdaptively(Effort(ofBudget: budget?.integer ?? 0), display: thinking["display"]?.string)
        } else if type.isString("enabled"), let tokens = budget?.integer {
            think(withBudget: tokens, thinking)
        } else {
            modelFields.put("thinking", json: thinking.source)
        }
    }

    private mutating func map(
        _ effort: Effort, _ reasoning: ModelCapabilities.Reasoning
    ) throws(RequestFailure) {
        isReasoning = true
        isThinking = reasoning != .reasoningConfig
        switch reasoning {
        case .fixed: break
        case .thinkingBudget:
            wantsThinkingUsage = true
            think(withBudget: effort.budget, nil)
        case .adaptiveThinking:
            wantsThinkingUsage = true
            thinkAdaptively(effort == .minimal ? .low : effort, display: "summarized")
        case .reasoningConfig:
            guard [.low, .medium, .high].contains(effort) else {
                throw Self.refusal("reasoning_effort", "expected none, low, medium or high for this model")
            }
            modelFields.put(
                "reasoningConfig", json: #"{"type":"enabled","maxReasoningEffort":"\#(effort.rawValue)"}"#)
        case .effort: modelFields.put("reasoning_effort", json: "\"\(effort.rawValue)\"")
        case .nestedEffort: modelFields.put("reasoning", json: #"{"effort":"\#(effort.rawValue)"}"#)
        }
    }

    /// What adaptive thinking comes down to for models that know budgets only: a medium one, below the answer's limit. Where
    /// not even the least fits in, there is none.
    private mutating func thinkWithinMaxTokens() {
        let limit = maxCompletionTokens ?? legacyMaxTokens ?? .max
        guard limit > Self.minimumBudget else { return }
        (isReasoning, isThinking, wantsThinkingUsage) = (true, true, true)
        think(withBudget: min(Effort.medium.budget, limit - 1), nil)
    }

    /// An effort that the requester names in `output_config` stays.
    private mutating func thinkAdaptively(_ effort: Effort, display: String?) {
        if modelFields["output_config"]?["effort"] == nil {
            modelFields.put("output_config", json: #"{"effort":"\#(effort.rawValue)"}"#)
        }
        let isKnown = display == "summarized" || display == "omitted"
        let member = isKnown ? display.map { #","display":"\#($0)""# } ?? "" : ""
        modelFields.put("thinking", json: #"{"type":"adaptive"\#(member)}"#)
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

        /// What a budget comes down to for models that take efforts only.
        init(ofBudget tokens: Int) {
            self = [.xhigh, .high, .medium].first { tokens >= $0.budget } ?? .low
        }
    }
}
