import ChatCompletions
import JSON

/// Converse's `toolConfig`: the requester's tools, the one that a JSON answer is given through, and which to use.
struct ToolConfiguration {
    enum Choice {
        case auto, any
        case tool(String)
    }

    /// The tool that models without structured output of their own answer with.
    static let jsonToolName = "json_tool_call"

    private(set) var names = ToolNames()
    var choice: Choice?
    private var tools: [Tool] = []

    private struct Tool {
        var name: String
        var description: JSONValue?
        var schema: JSONSchema?
        var strict: JSONValue?
        var cachePoint: CachePoint?
    }

    var isEmpty: Bool { tools.isEmpty }

    /// Takes the functions of `tools`; Converse has no other kind of tool, and those are left out.
    mutating func add(_ list: JSONValue) throws(RequestFailure) {
        guard list.isArray else { throw ConverseParameters.refusal("tools", "expected an array of tools") }
        var index = 0
        for tool in list.elements {
            if let function = tool["function"], function.isObject {
                try add(function, CachePoint(tool) ?? CachePoint(function), at: "tools[\(index)].function")
            }
            index += 1
        }
    }

    private mutating func add(
        _ function: JSONValue, _ cachePoint: CachePoint?, at path: String
    ) throws(RequestFailure) {
        guard let name = function["name"]?.string, !name.isEmpty else {
            throw ConverseParameters.refusal("\(path).name", "expected a non-empty string")
        }
        let parameters = function["parameters"].flatMap { $0.isNull ? nil : $0 }
        if let parameters, !parameters.isObject {
            throw ConverseParameters.refusal("\(path).parameters", "expected an object")
        }
        var schema: JSONSchema?
        if let parameters {
            schema = try JSONSchema(parameters, .inliningDefinitions, at: "\(path).parameters")
        }
        tools.append(
            Tool(
                name: try names.add(name, at: "\(path).name"), description: function["description"],
                schema: schema, strict: function["strict"], cachePoint: cachePoint))
    }

    /// Adds the tool whose input is the answer, before all others.
    mutating func addJSONTool(_ schema: JSONSchema, description: JSONValue?) throws(RequestFailure) {
        let name = try names.add(Self.jsonToolName, at: "response_format")
        tools.insert(Tool(name: name, description: description, schema: schema), at: 0)
    }

    func write(to writer: inout JSONWriter, _ capabilities: ModelCapabilities) {
        writer.key("toolConfig")
        writer.beginObject()
        writer.key("tools")
        writer.beginArray()
        for tool in tools { write(tool, to: &writer, capabilities) }
        writer.endArray()
        if let choice { write(choice, to: &writer) }
        writer.endObject()
    }

    private func write(_ tool: Tool, to writer: inout JSONWriter, _ capabilities: ModelCapabilities) {
        writer.beginObject()
        writer.key("toolSpec")
        writer.beginObject()
        writer.member("name", tool.name)
        writer.key("description")
        if let description = tool.description, description.isNonEmptyString {
            writer.source(description.source)
        } else {
            writer.string(tool.name)
        }
        writer.key("inputSchema")
        writer.beginObject()
        writer.key("json")
        write(tool.schema, to: &writer, capabilities)
        writer.endObject()
        if capabilities.takesStrictTools, let strict = tool.strict?.bool { writer.member("strict", strict) }
        writer.endObject()
        writer.endObject()
        tool.cachePoint?.write(to: &writer, capabilities)
    }

    /// Only the members that Bedrock is known to take.
    private func write(_ schema: JSONSchema?, to writer: inout JSONWriter, _ capabilities: ModelCapabilities) {
        writer.beginObject()
        writer.member("type", source: schema?.member("type") ?? Array(#""object""#.utf8)[...])
        writer.member("properties", source: schema?.member("properties") ?? Array("{}".utf8)[...])
        writer.member("required", source: schema?.member("required") ?? Array("[]".utf8)[...])
        if capabilities.takesStrictTools, let others = schema?.member("additionalProperties") {
            writer.member("additionalProperties", source: others)
        }
        writer.endObject()
    }

    private func write(_ choice: Choice, to writer: inout JSONWriter) {
        writer.key("toolChoice")
        writer.beginObject()
        switch choice {
        case .auto: writer.key("auto")
        case .any: writer.key("any")
        case .tool: writer.key("tool")
        }
        writer.beginObject()
        if case .tool(let name) = choice { writer.member("name", name) }
        writer.endObject()
        writer.endObject()
    }
}
