import ChatCompletions
import Testing

@testable import Bedrock

/// Conversations with tools, thoughts, cache marks and guardrails.
@Suite struct ConversationTests {
    private static let call =
        #"{"role":"assistant","content":"t","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\"a\": 1}"}}]}"#
    private static let tools = #""tools":[{"type":"function","function":{"name":"f"}}]"#

    /// The `messages` of the body that these messages become.
    private static func convert(
        _ messages: String, _ others: String = "", model: String = "anthropic.claude-3-haiku-20240307-v1:0",
        _ change: (inout ModelCapabilities) -> Void = { _ in }
    ) throws -> String {
        let others = others.isEmpty ? "" : "," + others
        let body = try ConverseRequestTests.convert(
            #""messages":[{"role":"user","content":"q"},\#(messages)]\#(others)"#, model: model, change)
        let start = #"{"messages":[{"role":"user","content":[{"text":"q"}"#
        #expect(body.hasPrefix(start))
        let end = try #require(body.firstRange(of: #","inferenceConfig""#))
        return String(body[body.index(body.startIndex, offsetBy: start.count)..<end.lowerBound])
    }

    @Test func `calls and results become blocks, results before the user's words`() throws {
        let body = try Self.convert(
            """
            \(Self.call),{"role":"system","content":"s"},{"role":"user","content":"u"},
            {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"r"},{"type":"text","text":"s"}]},
            {"role":"tool","tool_call_id":"c1","content":"again"}
            """, Self.tools)
        #expect(
            body.hasPrefix(
                #"]},{"role":"assistant","content":[{"text":"t"},{"toolUse":{"toolUseId":"c1","name":"f","input":{"a": 1}}}]},"#
                    + #"{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"r"},{"text":"s"}]}},{"text":""#
            ))
        #expect(body.hasSuffix(#"{"text":"s"},{"text":"u"}]}]"#))
        #expect(!body.contains("again"))
    }

    @Test func `without tools, calls and results are told as text`() throws {
        let body = try Self.convert(#"\#(Self.call),{"role":"tool","tool_call_id":"c1","content":"\"r\""}"#)
        #expect(
            body == #"]},{"role":"assistant","content":[{"text":"t\n[tool call c1: f({\"a\": 1})]"}]},"#
                + #"{"role":"user","content":[{"text":"[tool result for c1: \"r\"]"}]}]"#)
    }

    @Test func `calls that are told as text have a line each, and the last mark of their message`() throws {
        let mark = #""cache_control":{"type":"ephemeral"}"#
        let body = try Self.convert(
            """
            {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"tool_calls":
            [{"id":"c","function":{"name":"f","arguments":"1"},\(mark)},{"id":"d","function":{"name":"g","arguments":""}}]}
            """
        ) { $0.cachesPrompts = true }
        #expect(
            body == #"]},{"role":"assistant","content":[{"text":"ab\n[tool call c: f(1)]\n[tool call d: g()]"},"#
                + #"{"cachePoint":{"type":"default"}}]}]"#)
        let failure = #expect(throws: RequestFailure.self) {
            try Self.convert(#"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"","arguments":""}}]}"#)
        }
        #expect(failure?.param == "messages[1].tool_calls[0]")
    }

    @Test func `a guardrail looks at results that are told as text`() throws {
        let body = try Self.convert(
            #"\#(Self.call),{"role":"tool","tool_call_id":"c1","content":"r"},{"role":"assistant","content":"a"}"#,
            #""guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1"}"#)
        #expect(body.contains(#"[{"guardContent":{"text":{"text":"[tool result for c1: r]"}}}]"#))
    }

    @Test(arguments: [
        ("", ["{}"]), ("null", ["{}"]), ("[1]", ["{}"]), (#"{\"a\""#, ["{}"]), ("{} x", ["{}"]),
        (#"{\"a\":1} {\"b\":2}"#, [#"{"a":1}"#, #"{"b":2}"#]), (#"{\"a\":1}{\"b\":"#, [#"{"a":1}"#]),
    ])
    func `arguments are objects, whatever they were`(_ arguments: String, _ inputs: [String]) throws {
        let body = try Self.convert(
            #"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"\#(arguments)"}}]}"#,
            Self.tools)
        let uses = inputs.enumerated().map { index, input in
            #"{"toolUse":{"toolUseId":"c\#(index == 0 ? "" : "_\(index)")","name":"f","input":\#(input)}}"#
        }
        #expect(body == #"]},{"role":"assistant","content":[\#(uses.joined(separator: ","))]}]"#)
    }

    @Test func `an id that Bedrock does not take is the same in call and result`() throws {
        let body = try Self.convert(
            """
            {"role":"assistant","tool_calls":[{"id":"call/ü","function":{"name":"f","arguments":""}}]},
            {"role":"tool","tool_call_id":"call/ü","content":"r"}
            """, Self.tools)
        let id = ToolUseID.valid("call/ü")
        #expect(id.hasPrefix("call____") == false && id.hasPrefix("call___"))
        #expect(body.ranges(of: #""toolUseId":"\#(id)""#).count == 2)
    }

    @Test func `thoughts come first, unsigned ones as text`() throws {
        let body = try Self.convert(
            """
            {"role":"assistant","content":"a","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"},
            {"type":"redacted_thinking","data":"eA=="},{"type":"thinking","thinking":"u"}]},{"role":"user","content":"b"}
            """)
        #expect(
            body
                == #"]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},"#
                + #"{"reasoningContent":{"redactedContent":"eA=="}},{"text":"u"},{"text":"a"}]},"#
                + #"{"role":"user","content":[{"text":"b"}]}]"#)
    }

    @Test func `cache marks hold for calls, results and messages`() throws {
        let mark = #""cache_control":{"type":"ephemeral"}"#
        let body = try Self.convert(
            """
            {"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":""},\(mark)}]},
            {"role":"tool","tool_call_id":"c","content":"r",\(mark)},{"role":"user","content":"u",\(mark)}
            """, Self.tools
        ) { $0.cachesPrompts = true }
        let point = #"{"cachePoint":{"type":"default"}}"#
        #expect(
            body
                == #"]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"c","name":"f","input":{}}},\#(point)]},"#
                + #"{"role":"user","content":[{"toolResult":{"toolUseId":"c","content":[{"text":"r"}]}},\#(point),"#
                + #"{"text":"u"},\#(point)]}]"#)
    }

    @Test func `OpenAI's models get no cache points`() throws {
        let body = try Self.convert(
            #"{"role":"user","content":"u","cache_control":{"type":"ephemeral"}}"#, model: "openai.gpt-5-1:0"
        ) { $0.cachesPrompts = true }
        #expect(body == #",{"text":"u"}]}]"#)
    }

    @Test func `a guardrail looks at the user's last words`() throws {
        let body = try Self.convert(
            """
            {"role":"assistant","content":"a"},{"role":"user","content":"b"},
            {"role":"user","content":[{"type":"text","text":"c"},{"type":"guarded_text","text":"d"}]}
            """, #""guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1"}"#)
        #expect(
            body == #"]},{"role":"assistant","content":[{"text":"a"}]},{"role":"user","content":["#
                + #"{"guardContent":{"text":{"text":"b"}}},{"text":"c"},{"guardContent":{"text":{"text":"d"}}}]}]"#)
    }

    @Test func `modify_params lets the user begin and end`() throws {
        let body = try ConverseRequestTests.convert(
            #""messages":[{"role":"assistant","content":"a"}],"modify_params":true"#)
        let turn = #"{"role":"user","content":[{"text":"Please continue."}]}"#
        #expect(
            body
                == #"{"messages":[\#(turn),{"role":"assistant","content":[{"text":"a"}]},\#(turn)],"inferenceConfig":{}}"#
        )
    }
}
