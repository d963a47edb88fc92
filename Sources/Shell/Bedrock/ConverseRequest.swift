package import ChatCompletions
import JSON

/// What building a request depends on besides the request.
package struct ConverseTarget: Sendable {
    /// The model's name as replies and messages give it.
    package var model: String
    package var capabilities: ModelCapabilities
    /// `drop_params`.
    package var dropsUnsupportedParameters: Bool
    /// `default_litellm_params`: a JSON object of what a request that lacks it gets.
    var defaults: JSONDocument?

    package init(model: String, capabilities: ModelCapabilities, dropsUnsupportedParameters: Bool) {
        self.model = model
        self.capabilities = capabilities
        self.dropsUnsupportedParameters = dropsUnsupportedParameters
    }
}

/// What of a request the reading of its answer depends on.
package struct AnswerForm: Sendable {
    /// Nil: no tools were offered.
    var toolNames: ToolNames?
    /// Whether the input of `json_tool_call` is the answer's text.
    var isJSONToolCall = false

    package init() {}

    init(toolNames: ToolNames? = nil, isJSONToolCall: Bool = false) {
        self.toolNames = toolNames
        self.isJSONToolCall = isJSONToolCall
    }
}

/// A chat request as a Converse body (Bedrock reference, sections 5.1 and 5.2).
///
/// Text is copied through in its escaped form: both sides are JSON strings.
package struct ConverseRequest {
    private let parameters: ConverseParameters
    private let conversation: Conversation
    private let target: ConverseTarget
    private let sizeHint: Int
    private let isStream: Bool

    /// Refuses with the 400 that names the field what Converse, or this program, cannot do.
    package init(
        _ request: ChatRequest, parameterEntry: Int? = nil, fallbackParameters: [UInt8]? = nil,
        for target: ConverseTarget
    ) throws(RequestFailure) {
        parameters = try ConverseParameters(
            request, parameterEntry: parameterEntry, fallbackParameters: fallbackParameters, for: target)
        conversation = try Conversation(
            parameters.messages, toolNames: parameters.toolConfiguration?.names,
            isGuarded: parameters.guardrailConfig != nil, insertsContinuations: parameters.insertsContinuations)
        self.target = target
        sizeHint = request.body.root.source.count + 256
        isStream = request.isStream && target.capabilities.streams(withTools: parameters.toolConfiguration != nil)
    }

    /// How to read the answer to this request.
    var answerForm: AnswerForm {
        AnswerForm(toolNames: parameters.toolConfiguration?.names, isJSONToolCall: parameters.isJSONToolCall)
    }

    package func json() throws(RequestFailure) -> [UInt8] {
        var writer = JSONWriter(capacity: sizeHint)
        writer.beginObject()
        try conversation.write(to: &writer, for: target.capabilities)
        writeInferenceConfig(to: &writer)
        parameters.modelFields.write(to: &writer)
        if parameters.wantsThinkingUsage {
            writer.key("additionalModelResponseFieldPaths")
            writer.beginArray()
            writer.string("/usage/output_tokens_details")
            writer.endArray()
        }
        parameters.toolConfiguration?.write(to: &writer, target.capabilities)
        parameters.structuredOutput?.write(to: &writer)
        writeGuardrail(to: &writer)
        writeServiceSettings(to: &writer)
        writer.endObject()
        return writer.finish()
    }

    private func writeInferenceConfig(to writer: inout JSONWriter) {
        writer.key("inferenceConfig")
        writer.beginObject()
        if let tokens = parameters.maxTokens(for: target.capabilities) { writer.member("maxTokens", tokens) }
        if let temperature = parameters.temperature { writer.member("temperature", temperature) }
        if let topP = parameters.topP { writer.member("topP", topP) }
        if !parameters.stopSequences.isEmpty {
            writer.key("stopSequences")
            writer.beginArray()
            for sequence in parameters.stopSequences { writer.source(sequence.source) }
            writer.endArray()
        }
        writer.endObject()
    }

    private func writeGuardrail(to writer: inout JSONWriter) {
        guard let config = parameters.guardrailConfig else { return }
        writer.key("guardrailConfig")
        writer.beginObject()
        for member in config.members {
            // Converse has no such member.
            if !isStream && member.key.isString("streamProcessingMode") { continue }
            guard let key = member.key.escapedText else { continue }
            writer.key(escaped: key)
            writer.source(member.value.source)
        }
        writer.endObject()
    }

    private func writeServiceSettings(to writer: inout JSONWriter) {
        if let config = parameters.performanceConfig { writer.member("performanceConfig", config) }
        if let metadata = parameters.requestMetadata { writer.member("requestMetadata", metadata) }
        switch parameters.serviceTier {
        case .name(let name):
            writer.key("serviceTier")
            writer.beginObject()
            writer.member("type", name)
            writer.endObject()
        case .object(let object): writer.member("serviceTier", object)
        case nil: break
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: StaticString, _ value: JSONValue) {
        self.key(key)
        source(value.source)
    }
}
