import ChatCompletions
import JSON

/// What decides about tools: `tools`, `tool_choice`, `parallel_tool_calls` and `response_format`.
extension ConverseParameters {
    mutating func mapTools(for capabilities: ModelCapabilities) throws(RequestFailure) {
        if tools == nil && responseFormat == nil && toolChoice == nil { return }  // almost every request
        var configuration = ToolConfiguration()
        if let tools {
            try configuration.add(tools)
            if !configuration.isEmpty && !capabilities.takesTools {
                refuse("tools")
                configuration = ToolConfiguration()
            }
        }
        if let toolChoice { try choose(toolChoice, in: &configuration, capabilities) }
        if let responseFormat { try mapResponseFormat(responseFormat, &configuration, capabilities) }
        if configuration.isEmpty { return }
        if let parallelToolCalls, capabilities.takesParallelToolUseSetting {
            let type = configuration.choice == nil ? #""type":"auto","# : ""
            modelFields.put("tool_choice", json: "{\(type)\"disable_parallel_tool_use\":\(!parallelToolCalls)}")
        }
        toolConfiguration = configuration
    }

    private mutating func choose(
        _ value: JSONValue, in configuration: inout ToolConfiguration, _ capabilities: ModelCapabilities
    ) throws(RequestFailure) {
        if value.isString("none") {
            // Converse cannot offer tools and forbid them. Calls in the conversation need them declared.
            if !messages.elements.contains(where: Self.hasToolBlocks) {
                configuration = ToolConfiguration()
            } else if !configuration.isEmpty {
                refuse("tool_choice")
            }
            return
        }
        let choice = try Self.choice(value, configuration)
        guard !configuration.isEmpty else {
            if case .auto = choice { return }
            if !capabilities.takesTools { return refuse("tool_choice") }
            throw Self.refusal("tool_choice", "there are no tools to choose from")
        }
        guard capabilities.takesToolChoice else { return refuse("tool_choice") }
        // Claude does not think about a choice that is made already.
        configuration.choice = isThinking ? .auto : choice
    }

    private static func choice(
        _ value: JSONValue, _ configuration: ToolConfiguration
    ) throws(RequestFailure) -> ToolConfiguration.Choice {
        if value.isString("auto") { return .auto }
        if value.isString("required") { return .any }
        guard let name = value["function"]?["name"]?.string ?? value["name"]?.string else {
            throw refusal("tool_choice", "expected auto, none, required or a function's name")
        }
        guard configuration.isEmpty || configuration.names.contains(name) else {
            throw refusal("tool_choice.function.name", "there is no such tool")
        }
        return .tool(configuration.names.valid(name))
    }

    private static func hasToolBlocks(_ message: JSONValue) -> Bool {
        switch ChatRole(message["role"]) {
        case .tool: true
        case .assistant: message["tool_calls"].map { !$0.elements.isEmpty } ?? false
        case .system, .developer, .user, nil: false
        }
    }

    private mutating func mapResponseFormat(
        _ format: JSONValue, _ configuration: inout ToolConfiguration, _ capabilities: ModelCapabilities
    ) throws(RequestFailure) {
        guard let (schema, path, description) = try Self.answerSchema(format) else { return }
        if capabilities.hasStructuredOutput {
            structuredOutput = StructuredOutput(
                schema: try JSONSchema(schema, .closingObjects, at: path), name: description?["name"],
                description: description?["description"])
            return
        }
        try configuration.addJSONTool(
            JSONSchema(schema, .inliningDefinitions, at: path), description: description?["description"])
        isJSONToolCall = true
        let isForced = capabilities.takesToolChoice && !isReasoning && configuration.choice == nil
        if isForced { configuration.choice = .tool(ToolConfiguration.jsonToolName) }
    }

    /// The schema that the answer must have, where it is, and what names and describes it; nil for none.
    private static func answerSchema(
        _ format: JSONValue
    ) throws(RequestFailure) -> (schema: JSONValue, path: String, description: JSONValue?)? {
        guard let type = format["type"], type.isString else {
            throw refusal("response_format.type", "expected a string")
        }
        if type.isString("text") { return nil }
        if type.isString("json_object") {
            // Without a schema Converse has nothing to hold the answer to; the prompt must ask for JSON.
            guard let schema = format["response_schema"], !schema.isNull else { return nil }
            return (try checked(schema, .object, "response_format.response_schema"), "response_format", nil)
        }
        guard type.isString("json_schema") else {
            throw refusal("response_format.type", "expected text, json_object or json_schema")
        }
        let path = "response_format.json_schema.schema"
        let description = format["json_schema"]
        guard let schema = description?["schema"] else { throw refusal(path, "expected an object") }
        return (try checked(schema, .object, path), path, description)
    }

    /// `outputConfig.textFormat`: what Converse holds the answer to.
    struct StructuredOutput {
        var schema: JSONSchema
        var name: JSONValue?
        var description: JSONValue?

        func write(to writer: inout JSONWriter) {
            writer.key("outputConfig")
            writer.beginObject()
            writer.key("textFormat")
            writer.beginObject()
            writer.member("type", "json_schema")
            writer.key("structure")
            writer.beginObject()
            writer.key("jsonSchema")
            writer.beginObject()
            writer.key("schema")
            writer.beginString()
            writer.append(utf8: schema.text().span)
            writer.endString()
            if let name, name.isNonEmptyString { writer.member("name", source: name.source) }
            if let description, description.isNonEmptyString {
                writer.member("description", source: description.source)
            }
            for _ in 0..<4 { writer.endObject() }
        }
    }
}
