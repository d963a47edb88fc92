import ChatCompletions
import JSON
import Testing

@testable import Bedrock

@Suite struct ConverseRequestTests {
    /// The body of a request with these members, by default of one user turn "hi".
    static func convert(
        _ members: String, model: String = "anthropic.claude-3-haiku-20240307-v1:0", entry: Int? = nil,
        drops: Bool = false, defaults: String? = nil, _ change: (inout ModelCapabilities) -> Void = { _ in }
    ) throws -> String {
        let messages = members.contains(#""messages""#) ? "" : #""messages":[{"role":"user","content":"hi"}]"#
        let parts = [#""model":"g""#, messages, members].filter { !$0.isEmpty }
        let request = try ChatRequest(json: Array("{\(parts.joined(separator: ","))}".utf8))
        var capabilities = ModelCapabilities(baseModel: model)
        change(&capabilities)
        var target = ConverseTarget(model: model, capabilities: capabilities, dropsUnsupportedParameters: drops)
        target.defaults = try defaults.map { try JSONDocument(parsing: Array($0.utf8)) }
        let body = try ConverseRequest(request, parameterEntry: entry, for: target).json()
        return String(decoding: body, as: UTF8.self)
    }

    @Test func `a request that lacks a parameter gets the configured default`() throws {
        let defaults = #"{"temperature": 0.2, "max_tokens": 100, "stop": ["x"]}"#
        let plain = try Self.convert("", defaults: defaults)
        for part in [#""maxTokens":100"#, #""temperature":0.2"#, #""stopSequences":["x"]"#] {
            #expect(plain.contains(part))
        }
        let own = try Self.convert(#""temperature":1,"max_completion_tokens":7"#, defaults: defaults)
        #expect(own.contains(#""temperature":1"#) && own.contains(#""maxTokens":7"#) && !own.contains("100"))
    }

    @Test func `a guardrail's stream mode goes where the answer is streamed, with tools or without`() throws {
        let guardrail = #""stream":true,"guardrailConfig":{"guardrailIdentifier":"g","streamProcessingMode":"sync"}"#
        let tools = #","tools":[{"type":"function","function":{"name":"f"}}]"#
        let convert = { (members: String, model: String) in
            try Self.convert(members, model: model).contains("streamProcessingMode")
        }
        let llama = "meta.llama3-3-70b-instruct-v1:0"
        #expect(try convert(guardrail, llama))
        #expect(try !convert(guardrail + tools, llama))
        #expect(try convert(guardrail + tools, "anthropic.claude-3-haiku-20240307-v1:0"))
        #expect(try !convert(guardrail, "ai21.jamba-1-5-mini-v1:0"))
    }

    @Test func `leading system and developer messages become system blocks, one per text`() throws {
        let body = try Self.convert(
            """
            "messages":[{"role":"system","content":"a"},
            {"role":"developer","content":[{"type":"text","text":"b"},{"type":"text","text":""},{"type":"text","text":"c"}]},
            {"role":"user","content":"u"}]
            """)
        #expect(
            body
                == #"{"messages":[{"role":"user","content":[{"text":"u"}]}],"system":[{"text":"a"},{"text":"b"},{"text":"c"}],"inferenceConfig":{}}"#
        )
    }

    @Test func `consecutive messages of one side are one, also across texts that vanish`() throws {
        let body = try Self.convert(
            """
            "messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]},
            {"role":"assistant","content":" \\n"},{"role":"user","content":"c"},{"role":"assistant","content":null,"refusal":null,"reasoning_content":"r"},
            {"role":"assistant","content":"d"},{"role":"user","content":""}]
            """)
        #expect(
            body
                == #"{"messages":[{"role":"user","content":[{"text":"a"},{"text":"b"},{"text":"c"}]},{"role":"assistant","content":[{"text":"d"}]}],"inferenceConfig":{}}"#
        )
    }

    @Test func `a later system message is a note in the user's turn`() throws {
        let body = try Self.convert(
            #""messages":[{"role":"user","content":"a"},{"role":"system","content":"s"},{"role":"assistant","content":"b"}]"#
        )
        let root = try JSONDocument(parsing: Array(body.utf8)).root
        let turns = try #require(root["messages"]).elements.map { $0 }
        #expect(turns.count == 2)
        let texts = try #require(turns.first?["content"]).elements.map { $0["text"]?.string }
        #expect(texts.count == 3)
        #expect(texts.last == "s")
        #expect(texts[1]?.contains("operator") == true)
        #expect(root["system"] == nil)
    }

    @Test(arguments: [
        #""messages":[{"role":"user","content":""}]"#, #""messages":[{"role":"assistant","content":"  "}]"#,
        #""messages":[{"role":"system","content":"a"}]"#,
    ])
    func `a conversation without a word is refused here`(_ members: String) {
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(members) }
        #expect(failure?.status == 400)
        #expect(failure?.param == "messages")
    }

    @Test func `escaped text is copied through as it came`() throws {
        let body = try Self.convert(#""messages":[{"role":"user","content":"\u00e9 \ud83c\udf0d \"q\" \/ 世"}]"#)
        #expect(body.contains(#"{"text":"\u00e9 \ud83c\udf0d \"q\" \/ 世"}"#))
    }

    @Test(arguments: [
        (
            #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]}"#,
            "messages[1].content[1].image_url.url"
        ),
        (#"{"role":"user","content":[{"type":"input_audio"}]}"#, "messages[1].content[0].type"),
        (#"{"role":"user","content":[{"text":"a"}]}"#, "messages[1].content[0].type"),
        (#"{"role":"user","content":[{"type":"text","text":1}]}"#, "messages[1].content[0].text"),
        (#"{"role":"user","content":["a"]}"#, "messages[1].content[0]"),
        (#"{"role":"user","content":null}"#, "messages[1].content"),
        (#"{"role":"user","content":3}"#, "messages[1].content"),
        (#"{"role":"assistant","content":"a","thinking_blocks":[{}]}"#, "messages[1].thinking_blocks[0]"),
        (#"{"role":"assistant","content":"a","refusal":"no"}"#, "messages[1].refusal"),
        (
            #"{"role":"assistant","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}"#,
            "messages[1].content[0].type"
        ),
        (
            #"{"role":"system","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}"#,
            "messages[1].content[0].type"
        ),
        (#"{"role":"user","content":[{"type":"file","file":{}}]}"#, "messages[1].content[0].file.file_id"),
    ])
    func `what a message cannot hold is refused by place and name`(_ message: String, _ path: String) {
        let failure = #expect(throws: RequestFailure.self) {
            try Self.convert(#""messages":[{"role":"user","content":"hi"},\#(message)]"#)
        }
        #expect(failure?.status == 400)
        #expect(failure?.type == .invalidRequest)
        #expect(failure?.param == path)
        #expect(failure?.message.contains(path) == true)
    }
}
