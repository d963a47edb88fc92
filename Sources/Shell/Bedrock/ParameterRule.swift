import ChatCompletions
import JSON

/// What becomes of one member of a chat request's body on its way to Converse (Bedrock reference, section 5.2).
enum ParameterRule: Sendable {
    case messages
    case maxTokens, maxCompletionTokens
    case temperature, topP, topK
    case stop
    case performanceConfig, requestMetadata, serviceTierObject, serviceTierName
    case additionalModelRequestFields
    case choiceCount
    case tools, toolChoice, parallelToolCalls
    case responseFormat
    case reasoningEffort, thinking
    case guardrailConfig
    case dropParameters, modifyParameters
    /// Somebody else's business (routing, streaming), or without effect on the answer: left out.
    case leftOut
    /// Converse knows no such thing: refused, or left out under `drop_params`.
    case unsupported
    /// Leaving it out would change what the request means: refused, always.
    case refused
    /// Not OpenAI's: goes to the model as it is.
    case modelSpecific

    /// `key`: that of a member.
    init(_ key: JSONValue) {
        self = Self.known.place(of: key).map { Self.knownRules[$0] } ?? Self(unknown: key.string ?? "")
    }

    private init(unknown key: String) {
        if key.hasPrefix("aws_") || key.hasPrefix("vertex_") || key.hasPrefix("azure_") {
            self = .refused  // connection settings belong into the configuration, and never into a model's hands
        } else if key.hasPrefix("mock_") || key.hasPrefix("litellm_") {
            self = .leftOut
        } else {
            self = .modelSpecific
        }
    }

    private static let known = JSONKeyIndex(Array(rules.keys))
    /// In the order of `known`, which is that of the dictionary as long as it does not change.
    private static let knownRules = Array(rules.values)

    private static let rules: [String: ParameterRule] = {
        var rules: [String: ParameterRule] = [
            "messages": .messages, "max_tokens": .maxTokens, "max_completion_tokens": .maxCompletionTokens,
            "temperature": .temperature, "top_p": .topP, "top_k": .topK, "stop": .stop,
            "performanceConfig": .performanceConfig, "requestMetadata": .requestMetadata,
            "serviceTier": .serviceTierObject, "service_tier": .serviceTierName,
            "additionalModelRequestFields": .additionalModelRequestFields, "n": .choiceCount, "tools": .tools,
            "tool_choice": .toolChoice, "parallel_tool_calls": .parallelToolCalls, "response_format": .responseFormat,
            "reasoning_effort": .reasoningEffort, "thinking": .thinking, "guardrailConfig": .guardrailConfig,
            "drop_params": .dropParameters, "modify_params": .modifyParameters,
        ]
        let leftOut = [
            "model", "user", "stream", "stream_options", "max_retries", "tags", "caching", "cache", "no-log",
            "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "additional_drop_params",
            "allowed_openai_params", "custom_llm_provider", "api_version",
        ]
        let unsupported = [
            "seed", "logprobs", "top_logprobs", "logit_bias", "frequency_penalty", "presence_penalty", "functions",
            "function_call", "modalities", "audio", "prediction", "verbosity", "web_search_options", "store",
        ]
        let refused = [
            "toolConfig", "outputConfig", "inferenceConfig", "promptVariables",
            "additionalModelResponseFieldPaths", "api_key", "api_base", "base_url", "extra_headers", "headers",
            "extra_body", "extra_query", "model_id",
        ]
        for key in leftOut + ChatRequest.routingKeys { rules[key] = .leftOut }
        for key in unsupported { rules[key] = .unsupported }
        for key in refused { rules[key] = .refused }
        return rules
    }()
}
