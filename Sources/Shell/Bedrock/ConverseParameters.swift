import ChatCompletions
import JSON

/// A chat request's parameters as Converse takes them, read and checked.
struct ConverseParameters {
    var messages: JSONValue
    /// `max_tokens`, and `max_completion_tokens`, which wins.
    private(set) var legacyMaxTokens: Int?
    private(set) var maxCompletionTokens: Int?
    var temperature: JSONValue?
    var topP: JSONValue?
    var topK: JSONValue?
    var stopSequences: [JSONValue] = []
    var performanceConfig: JSONValue?
    var requestMetadata: JSONValue?
    var serviceTier: ServiceTier?
    var guardrailConfig: JSONValue?
    var modelFields = ModelFields()

    var reasoningEffort: JSONValue?
    var thinking: JSONValue?
    /// Whether the model is asked to reason: an answer through a forced tool would keep it from that.
    var isReasoning = false
    /// Whether it does so in a way that a choice of tools made for it rules out.
    var isThinking = false
    /// Whether it can tell how many tokens its thoughts took.
    var wantsThinkingUsage = false
    /// Where the requester sets no limit.
    var defaultMaxTokens: Int?

    var tools: JSONValue?
    var toolChoice: JSONValue?
    var parallelToolCalls: Bool?
    var responseFormat: JSONValue?
    var toolConfiguration: ToolConfiguration?
    var structuredOutput: StructuredOutput?
    /// Whether the answer is the input of `json_tool_call`.
    var isJSONToolCall = false

    /// `modify_params`: a conversation that begins or ends with the assistant gets a user's turn there.
    private(set) var insertsContinuations = false

    private var dropsUnsupported: Bool
    private var unsupported: [String] = []

    enum ServiceTier {
        case name(String)
        case object(JSONValue)
    }

    /// Reads `request`; members of its fallback entry number `parameterEntry`, or of the configured fallback's
    /// parameters, replace the body's.
    init(
        _ request: ChatRequest, parameterEntry: Int?, fallbackParameters: [UInt8]? = nil, for target: ConverseTarget
    ) throws(RequestFailure) {
        messages = request.messages
        dropsUnsupported = target.dropsUnsupportedParameters

        let overrides =
            parameterEntry.flatMap(request.fallbackParameters)
            ?? fallbackParameters.flatMap { try? JSONDocument(parsing: $0).root }
        let replaced = Self.replacedKeys(overrides)
        if let defaults = target.defaults { try readDefaults(defaults, lackedBy: request, replaced) }
        for member in request.body.root.members where !ChatRequest.isRoutingKey(member.key) {
            if !replaced.isEmpty, let key = member.key.string, replaced.contains(key) { continue }
            try read(member)
        }
        if let overrides {
            for member in overrides.members { try read(member) }
        }
        dropSamplingParameters(unlessTakenBy: target.capabilities)
        mapTopK(for: target.capabilities)
        try mapReasoning(for: target.capabilities)
        try mapTools(for: target.capabilities)
        try checkUnsupported(model: target.model)
    }

    private mutating func readDefaults(
        _ defaults: JSONDocument, lackedBy request: ChatRequest, _ replaced: Set<String>
    ) throws(RequestFailure) {
        for member in defaults.root.members {
            guard let key = member.key.string, !replaced.contains(key), request.body.root[key]?.isNull != false else {
                continue
            }
            // Two names of one limit: a request that has either has it.
            if request.maxOutputTokens != nil, key == "max_tokens" || key == "max_completion_tokens" { continue }
            try read(member)
        }
    }

    func maxTokens(for capabilities: ModelCapabilities) -> Int? {
        guard let tokens = maxCompletionTokens ?? legacyMaxTokens ?? defaultMaxTokens else { return nil }
        return capabilities.hasOutputMinimum ? max(16, tokens) : tokens
    }

    private static func replacedKeys(_ overrides: JSONValue?) -> Set<String> {
        guard let overrides else { return [] }
        var keys = Set(overrides.members.compactMap(\.key.string))
        // They mean the same, and the body's newer name would win over the entry's older one.
        if keys.contains("max_tokens") { keys.insert("max_completion_tokens") }
        return keys
    }
}

extension ConverseParameters {
    private mutating func read(_ member: JSONValue.Members.Member) throws(RequestFailure) {
        let value = member.value
        if value.isNull { return }
        let key = member.key.string ?? ""
        switch ParameterRule(member.key) {
        case .messages: messages = value
        case .maxTokens: legacyMaxTokens = try Self.tokenLimit(value, key)
        case .maxCompletionTokens: maxCompletionTokens = try Self.tokenLimit(value, key)
        case .temperature: temperature = try Self.checked(value, .number, key)
        case .topP: topP = try Self.checked(value, .number, key)
        case .topK: topK = try Self.checked(value, .number, key)
        case .stop: stopSequences = try Self.stopSequences(value)
        case .performanceConfig: performanceConfig = try Self.checked(value, .object, key)
        case .requestMetadata: requestMetadata = try Self.metadata(value)
        case .serviceTierObject: serviceTier = .object(try Self.checked(value, .object, key))
        case .serviceTierName: readServiceTier(value)
        case .additionalModelRequestFields:
            for member in try Self.checked(value, .object, key).members {
                try setModelField(member.key.string ?? "", member.value)
            }
        case .choiceCount: if value.integer != 1 { refuse(key) }
        case .tools: tools = value
        case .toolChoice: toolChoice = value
        case .parallelToolCalls: parallelToolCalls = value.bool
        case .responseFormat: responseFormat = value
        case .reasoningEffort: reasoningEffort = value
        case .thinking: thinking = try Self.checked(value, .object, key)
        case .guardrailConfig: guardrailConfig = try Self.checked(value, .object, key)
        case .dropParameters: if value.bool == true { dropsUnsupported = true }
        case .modifyParameters: insertsContinuations = value.bool == true
        case .leftOut: break
        case .unsupported: refuse(key)
        case .refused: throw Self.refusal(key, "this parameter is not supported")
        case .modelSpecific: try setModelField(key, value)
        }
    }

    private mutating func setModelField(_ key: String, _ value: JSONValue) throws(RequestFailure) {
        modelFields.set(key, value)
        guard modelFields.count <= ModelFields.limit else {
            throw Self.refusal(
                key, "more than \(ModelFields.limit) parameters that are none of OpenAI's, which the model would get")
        }
    }

    private mutating func readServiceTier(_ value: JSONValue) {
        guard let name = value.string, serviceTier == nil else { return }
        switch name {
        case "auto", "default": serviceTier = .name("default")
        case "flex", "priority": serviceTier = .name(name)
        default: break
        }
    }

    /// Remembers a parameter that this model does not take: a refusal, unless such are to be dropped.
    mutating func refuse(_ key: String) { unsupported.append(key) }

    /// Only two families take `top_k`; for the others it is dropped.
    private mutating func mapTopK(for capabilities: ModelCapabilities) {
        guard let topK else { return }
        switch capabilities.family {
        case .claude: modelFields.put("top_k", json: topK.source)
        case .nova:
            modelFields.put("inferenceConfig", json: Array("{\"topK\":".utf8)[...] + topK.source + [UInt8(ascii: "}")])
        case .openAI, .grok, .other: break
        }
    }

    /// Newer Claude models take no sampling parameters but temperature 1, OpenAI's not even that.
    private mutating func dropSamplingParameters(unlessTakenBy capabilities: ModelCapabilities) {
        if capabilities.takesSamplingParameters { return }
        let isClaude = capabilities.family == .claude
        if let value = temperature, !isClaude || value.double != 1 {
            unsupported.append("temperature")
            temperature = nil
        }
        if topP.take() != nil { unsupported.append("top_p") }
        if isClaude, topK.take() != nil { unsupported.append("top_k") }
    }

    private func checkUnsupported(model: String) throws(RequestFailure) {
        guard let first = unsupported.first, !dropsUnsupported else { return }
        let names = unsupported.joined(separator: ", ")
        throw Self.refusal(
            first, "not supported by Bedrock for \(model): \(names); set drop_params to leave them out")
    }

    /// 1 to 16 pairs of short texts.
    private static func metadata(_ value: JSONValue) throws(RequestFailure) -> JSONValue {
        let key = "requestMetadata"
        let count = try checked(value, .object, key).members.count
        guard (1...16).contains(count) else { throw refusal(key, "expected 1 to 16 members") }
        for member in value.members {
            guard let name = member.key.string, let text = member.value.string else {
                throw refusal("\(key).\(member.key.string ?? "")", "expected a string")
            }
            guard (1...256).contains(name.unicodeScalars.count), text.unicodeScalars.count <= 256,
                (name + text).unicodeScalars.allSatisfy(isMetadataCharacter)
            else {
                throw refusal(
                    "\(key).\(name)", "at most 256 letters, digits, white space and :_@$#=/+,.- are possible")
            }
        }
        return value
    }

    private static func isMetadataCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ":", "_", "@", "$", "#", "=", "/", "+", ",", ".", "-": true
        default: scalar.properties.isWhitespace
        }
    }

    private static func stopSequences(_ value: JSONValue) throws(RequestFailure) -> [JSONValue] {
        let sequences = value.isArray ? Array(value.elements) : [value]
        guard sequences.allSatisfy(\.isString) else {
            throw refusal("stop", "expected a string or a list of strings")
        }
        guard sequences.count <= 2500 else { throw refusal("stop", "at most 2500 stop sequences are possible") }
        return sequences.filter(\.isNonEmptyString)
    }

    private static func tokenLimit(_ value: JSONValue, _ key: String) throws(RequestFailure) -> Int {
        guard let tokens = value.integer, tokens >= 1 else { throw refusal(key, "expected an integer of at least 1") }
        return tokens
    }

    static func checked(
        _ value: JSONValue, _ kind: JSONValue.Kind, _ key: String
    ) throws(RequestFailure) -> JSONValue {
        guard value.kind == kind else {
            throw refusal(key, kind == .number ? "expected a number" : "expected an object")
        }
        return value
    }

    static func refusal(_ param: String, _ why: String) -> RequestFailure {
        RequestFailure(status: 400, type: .invalidRequest, message: "\(param): \(why)", param: param)
    }
}
