import ChatCompletions
import JSON
import Testing

@testable import Bedrock

/// `tools`, `tool_choice`, `parallel_tool_calls` and `response_format`.
@Suite struct ToolConfigurationTests {
    private static let tools = #""tools":[{"type":"function","function":{"name":"f"}}]"#
    private static let schema =
        ##"{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"object"}}}"##
    private static let format =
        #""response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":\#(schema)}}"#

    private static func convert(
        _ members: String, model: String = "anthropic.claude-3-haiku-20240307-v1:0", drops: Bool = false,
        _ change: (inout ModelCapabilities) -> Void = { _ in }
    ) throws -> JSONValue {
        let body = try ConverseRequestTests.convert(members, model: model, drops: drops, change)
        return try JSONDocument(parsing: Array(body.utf8)).root
    }

    private static func text(_ value: JSONValue?) -> String? {
        value.map { String(decoding: $0.source, as: UTF8.self) }
    }

    @Test(arguments: [
        (#""auto""#, #"{"auto":{}}"#), (#""required""#, #"{"any":{}}"#),
        (#"{"type":"function","function":{"name":"f"}}"#, #"{"tool":{"name":"f"}}"#),
    ])
    func `a choice finds its form`(_ choice: String, _ expected: String) throws {
        let body = try Self.convert(#"\#(Self.tools),"tool_choice":\#(choice)"#)
        #expect(Self.text(body["toolConfig"]?["toolChoice"]) == expected)
    }

    @Test(arguments: [
        ("anthropic.claude-sonnet-4-20250514-v1:0", #"{"auto":{}}"#), ("openai.gpt-oss-120b-1:0", #"{"auto":{}}"#),
        ("amazon.nova-2-lite-v1:0", #"{"any":{}}"#),
    ])
    func `with thinking on, the choice is the model's, and no tool forces an answer`(
        _ model: String, _ choice: String
    ) throws {
        let effort = #""reasoning_effort":"low""#
        let body = try Self.convert(#"\#(Self.tools),"tool_choice":"required",\#(effort)"#, model: model)
        #expect(Self.text(body["toolConfig"]?["toolChoice"]) == choice)
        let answer = try Self.convert("\(Self.format),\(effort)", model: model)
        #expect(answer["toolConfig"] != nil)
        #expect(answer["toolConfig"]?["toolChoice"] == nil)
    }

    @Test(arguments: [#""somehow""#, #"{"type":"function"}"#, #"{"type":"function","function":{"name":"g"}}"#])
    func `a choice of nothing known is refused`(_ choice: String) {
        let failure = #expect(throws: RequestFailure.self) {
            try Self.convert(#"\#(Self.tools),"tool_choice":\#(choice)"#)
        }
        #expect(failure?.param?.hasPrefix("tool_choice") == true)
    }

    @Test func `tools are left out when none may be called, unless the conversation has calls`() throws {
        #expect(try Self.convert(#"\#(Self.tools),"tool_choice":"none""#)["toolConfig"] == nil)
        let history =
            #""messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]}],\#(Self.tools),"tool_choice":"none""#
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(history) }
        #expect(failure?.param == "tool_choice")
        #expect(try Self.convert(history, drops: true)["toolConfig"]?["toolChoice"] == nil)
        #expect(try Self.convert(history, drops: true)["toolConfig"] != nil)
    }

    @Test func `models without tools refuse them, or lose them on request`() throws {
        let without = { (capabilities: inout ModelCapabilities) in capabilities.takesTools = false }
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(Self.tools, without) }
        #expect(failure?.param == "tools")
        #expect(try Self.convert(Self.tools, drops: true, without)["toolConfig"] == nil)
        let chosen = #"\#(Self.tools),"tool_choice":"required""#
        #expect(try Self.convert(chosen, drops: true, without)["toolConfig"] == nil)
    }

    @Test(arguments: [
        (#"{"type":"function","function":{"name":""}}"#, "tools[0].function.name"),
        (#"{"type":"function","function":{}}"#, "tools[0].function.name"),
        (#"{"type":"function","function":{"name":"f","parameters":1}}"#, "tools[0].function.parameters"),
        (
            #"{"type":"function","function":{"name":"\#(String(repeating: "x", count: 65))"}}"#,
            "tools[0].function.name"
        ),
    ])
    func `a tool that cannot be declared is refused by place`(_ tool: String, _ path: String) {
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(#""tools":[\#(tool)]"#) }
        #expect(failure?.param == path)
    }

    @Test func `names are made valid, apart from each other, and found again`() throws {
        var names = ToolNames()
        #expect(try names.add("a b", at: "") == "a_b")
        #expect(try names.add("a.b", at: "") == "a_b_2")
        #expect(try names.add("1", at: "") == "a1")
        #expect(names.original("a_b_2") == "a.b")
        #expect(names.original("other") == "other")
        #expect(names.valid("a.b") == "a_b_2")
        #expect(names.valid("ü") == "a_")
    }

    @Test func `only Claude is told about strictness and other members`() throws {
        let tool =
            #""tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"additionalProperties":false}}}]"#
        let spec = { (model: String) in
            try Self.text(
                Self.convert(tool, model: model)["toolConfig"]?["tools"]?.elements.first { _ in true }?["toolSpec"])
        }
        let start =
            #"{"name":"f","description":"f","inputSchema":{"json":{"type":"object","properties":{},"required":[]"#
        #expect(try spec("amazon.nova-lite-v1:0") == start + "}}}")
        #expect(
            try spec("anthropic.claude-3-haiku-20240307-v1:0")
                == start + #","additionalProperties":false}},"strict":true}"#)
    }

    @Test func `some of Claude's models are not told either`() throws {
        let tool =
            #""tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"additionalProperties":false}}}]"#
        let body = try Self.convert(tool) { $0.takesStrictTools = false }
        #expect(
            Self.text(body["toolConfig"])
                == #"{"tools":[{"toolSpec":{"name":"f","description":"f","inputSchema":{"json":{"type":"object","properties":{},"required":[]}}}}]}"#
        )
    }

    @Test(arguments: [true, false])
    func `whether calls may be parallel is told either way`(_ areParallel: Bool) throws {
        let body = try Self.convert(#"\#(Self.tools),"parallel_tool_calls":\#(areParallel)"#) {
            $0.takesParallelToolUseSetting = true
        }
        #expect(
            Self.text(body["additionalModelRequestFields"])
                == #"{"tool_choice":{"type":"auto","disable_parallel_tool_use":\#(!areParallel)}}"#)
    }

    @Test func `the type of the choice among parallel calls is told once`() throws {
        let members = #"\#(Self.tools),"parallel_tool_calls":false,"tool_choice":"auto""#
        let body = try Self.convert(members) { $0.takesParallelToolUseSetting = true }
        #expect(
            Self.text(body["additionalModelRequestFields"]) == #"{"tool_choice":{"disable_parallel_tool_use":true}}"#)
    }

    @Test func `a schema is Converse's own where the model has it`() throws {
        let body = try Self.convert(Self.format) { $0.hasStructuredOutput = true }
        let format = body["outputConfig"]?["textFormat"]?["structure"]?["jsonSchema"]
        #expect(format?["name"]?.string == "n")
        #expect(format?["description"]?.string == "d")
        #expect(
            format?["schema"]?.string
                == ##"{"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "object", "additionalProperties": false}}, "additionalProperties": false}"##
        )
        #expect(body["toolConfig"] == nil)
    }

    @Test func `a schema is a tool elsewhere, forced where that is possible`() throws {
        let body = try Self.convert(Self.format)
        #expect(Self.text(body["toolConfig"]?["toolChoice"]) == #"{"tool":{"name":"json_tool_call"}}"#)
        let free = try Self.convert(Self.format) { $0.takesToolChoice = false }
        #expect(free["toolConfig"] != nil)
        #expect(free["toolConfig"]?["toolChoice"] == nil)
        let thinking = try Self.convert(
            Self.format + #","thinking":{"type":"enabled","budget_tokens":2000}"#, model: "anthropic.claude-opus-4-1")
        #expect(thinking["toolConfig"]?["toolChoice"] == nil)
        let chosen = try Self.convert(#"\#(Self.tools),"tool_choice":"auto",\#(Self.format)"#)
        #expect(Self.text(chosen["toolConfig"]?["toolChoice"]) == #"{"auto":{}}"#)
        let tools = chosen["toolConfig"]?["tools"].map { Array($0.elements) } ?? []
        #expect(tools.map { $0["toolSpec"]?["name"]?.string } == ["json_tool_call", "f"])
        #expect(tools.first?["toolSpec"]?["description"]?.string == "d")
        let object = try Self.convert(#""response_format":{"type":"json_object","response_schema":{"type":"object"}}"#)
        #expect(Self.text(object["toolConfig"]?["toolChoice"]) == #"{"tool":{"name":"json_tool_call"}}"#)
    }
}
