package import ChatCompletions
import JSON

/// What building a request depends on besides the request.
package struct ConverseTarget: Hashable, Sendable {
    /// The model's name as replies and messages give it.
    package var model: String
    package var capabilities: ModelCapabilities
    /// `drop_params`.
    package var dropsUnsupportedParameters: Bool

    package init(model: String, capabilities: ModelCapabilities, dropsUnsupportedParameters: Bool) {
        self.model = model
        self.capabilities = capabilities
        self.dropsUnsupportedParameters = dropsUnsupportedParameters
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

    /// Refuses with the 400 that names the field what Converse, or this program, cannot do.
    package init(_ request: ChatRequest, parameterEntry: Int? = nil, for target: ConverseTarget) throws(RequestFailure)
    {
        parameters = try ConverseParameters(request, parameterEntry: parameterEntry, for: target)
        conversation = try Conversation(parameters.messages)
        self.target = target
        sizeHint = request.body.root.source.count + 256
    }

    package func json() throws(RequestFailure) -> [UInt8] {
        var writer = JSONWriter(capacity: sizeHint)
        writer.beginObject()
        try conversation.write(to: &writer, for: target.capabilities)
        writeInferenceConfig(to: &writer)
        writeModelFields(to: &writer)
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

    private func writeModelFields(to writer: inout JSONWriter) {
        let topK = topKField
        if parameters.modelFields.isEmpty && topK == nil { return }
        writer.key("additionalModelRequestFields")
        writer.beginObject()
        switch topK {
        case .plain(let value): writer.member("top_k", value)
        case .inferenceConfig(let value):
            writer.key("inferenceConfig")
            writer.beginObject()
            writer.member("topK", value)
            writer.endObject()
        case nil: break
        }
        for (key, value) in parameters.modelFields where !clashes(key, topK) {
            writer.key(text: key)
            writer.source(value.source)
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

extension ConverseRequest {
    /// Where a family of models takes `top_k`; the others do not, and it is dropped.
    private enum TopKField {
        case plain(JSONValue)
        case inferenceConfig(JSONValue)
    }

    private var topKField: TopKField? {
        guard let value = parameters.topK else { return nil }
        return switch target.capabilities.family {
        case .claude: .plain(value)
        case .nova: .inferenceConfig(value)
        case .openAI, .grok, .other: nil
        }
    }

    private func clashes(_ key: String, _ topK: TopKField?) -> Bool {
        switch topK {
        case .plain: key == "top_k"
        case .inferenceConfig: key == "inferenceConfig"
        case nil: false
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: StaticString, _ value: JSONValue) {
        self.key(key)
        source(value.source)
    }
}
