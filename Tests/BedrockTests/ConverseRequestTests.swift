import ChatCompletions
import JSON
import Testing

@testable import Bedrock

@Suite struct ConverseRequestTests {
    /// A recorded LiteLLM request. Its model does not matter to routing here, only to capabilities.
    struct Vector: CustomTestStringConvertible, Sendable {
        var value: JSONValue
        var testDescription: String { value["name"]?.string ?? "" }
    }

    static var vectors: [Vector] {
        let cases = (try? Fixtures.json("converse-mapping-vectors"))?["cases"]
        return cases.map { $0.elements.map { Vector(value: $0) } } ?? []
    }

    /// What a text conversation does not need; these are refused by name.
    private static let outOfScope: Set = [
        "image data uri", "pdf file", "tools required", "tools none drop", "tools llama choice", "parallel false",
        "bad tool name", "tool history no tools", "json_schema native", "json_schema tool nova", "thinking",
        "reasoning high 4.6", "reasoning nova2", "thinking history",
    ]

    private static func capabilities(_ model: JSONValue?) throws -> ModelCapabilities {
        let model = try BedrockModelString(try #require(model?.string))
        return ModelCapabilities(baseModel: model.baseModel)
    }

    /// The body of a request with these members, by default of one user turn "hi".
    static func convert(
        _ members: String, model: String = "anthropic.claude-3-haiku-20240307-v1:0", entry: Int? = nil,
        drops: Bool = false, _ change: (inout ModelCapabilities) -> Void = { _ in }
    ) throws -> String {
        let messages = members.contains(#""messages""#) ? "" : #""messages":[{"role":"user","content":"hi"}]"#
        let parts = [#""model":"g""#, messages, members].filter { !$0.isEmpty }
        let request = try ChatRequest(json: Array("{\(parts.joined(separator: ","))}".utf8))
        var capabilities = ModelCapabilities(baseModel: model)
        change(&capabilities)
        let target = ConverseTarget(model: model, capabilities: capabilities, dropsUnsupportedParameters: drops)
        let body = try ConverseRequest(request, parameterEntry: entry, for: target).json()
        return String(decoding: body, as: UTF8.self)
    }

    private static let hi = #""messages":[{"role":"user","content":[{"text":"hi"}]}]"#

    private static func body(of vector: JSONValue) throws -> [UInt8] {
        let members = try #require(vector["request"]).source
        let text = String(decoding: members.dropFirst().dropLast(), as: UTF8.self)
        let body = try convert(
            text, model: try BedrockModelString(try #require(vector["model"]?.string)).baseModel)
        return Array(body.utf8)
    }

    @Test(arguments: vectors.filter { !outOfScope.contains($0.testDescription) && $0.testDescription != "empty user" })
    func `a text conversation becomes what LiteLLM sends`(_ vector: Vector) throws {
        guard let expected = vector.value["converse"] else {
            let failure = #expect(throws: RequestFailure.self) { try Self.body(of: vector.value) }
            #expect(failure?.status == 400)
            return
        }
        // The recording leaves the default messages out.
        let messages = expected["messages"].map { _ in "" } ?? "\(Self.hi),"
        let whole = "{\(messages)\(String(decoding: expected.source.dropFirst(), as: UTF8.self))"
        #expect(try Fixtures.canonical(Self.body(of: vector.value)) == Fixtures.canonical(Array(whole.utf8)))
    }

    @Test(arguments: vectors.filter { outOfScope.contains($0.testDescription) })
    func `what is not built is refused with a 400 that names the field`(_ vector: Vector) throws {
        let failure = #expect(throws: RequestFailure.self) { try Self.body(of: vector.value) }
        #expect(failure?.status == 400)
        #expect(failure?.param?.isEmpty == false)
    }

    @Test func `all recorded requests are accounted for`() {
        #expect(Self.vectors.count == 32)
        #expect(Self.outOfScope.isSubset(of: Self.vectors.map(\.testDescription)))
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
            "messages[1].content[1].type"
        ),
        (#"{"role":"user","content":[{"type":"input_audio"}]}"#, "messages[1].content[0].type"),
        (#"{"role":"user","content":[{"text":"a"}]}"#, "messages[1].content[0].type"),
        (#"{"role":"user","content":[{"type":"text","text":1}]}"#, "messages[1].content[0].text"),
        (#"{"role":"user","content":["a"]}"#, "messages[1].content[0]"),
        (#"{"role":"user","content":null}"#, "messages[1].content"),
        (#"{"role":"user","content":3}"#, "messages[1].content"),
        (
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"x","function":{"name":"f","arguments":"{}"}}]}"#,
            "messages[1].tool_calls"
        ),
        (#"{"role":"assistant","content":"a","thinking_blocks":[{}]}"#, "messages[1].thinking_blocks"),
        (#"{"role":"tool","tool_call_id":"x","content":"a"}"#, "messages[1].role"),
    ])
    func `anything but text in a message is refused by place and name`(_ message: String, _ path: String) {
        let failure = #expect(throws: RequestFailure.self) {
            try Self.convert(#""messages":[{"role":"user","content":"hi"},\#(message)]"#)
        }
        #expect(failure?.status == 400)
        #expect(failure?.type == .invalidRequest)
        #expect(failure?.param == path)
        #expect(failure?.message.contains(path) == true)
    }
}
