import ChatCompletions
import Testing

@testable import Bedrock

@Suite struct ConverseParametersTests {
    private static let prefix = #"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":"#

    private static func convert(
        _ members: String, model: String = "anthropic.claude-3-haiku-20240307-v1:0", entry: Int? = nil,
        drops: Bool = false, _ change: (inout ModelCapabilities) -> Void = { _ in }
    ) throws -> String {
        let body = try ConverseRequestTests.convert(members, model: model, entry: entry, drops: drops, change)
        #expect(body.hasPrefix(prefix))
        return String(body.dropFirst(prefix.count).dropLast())
    }

    @Test(arguments: [
        (#""temperature":0.25,"top_p":1e-1,"max_tokens":2.0"#, #"{"maxTokens":2,"temperature":0.25,"topP":1e-1}"#),
        (#""max_completion_tokens":7,"max_tokens":9"#, #"{"maxTokens":7}"#),
        (#""stop":"X""#, #"{"stopSequences":["X"]}"#),
        (#""stop":["","a\n"]"#, #"{"stopSequences":["a\n"]}"#), (#""stop":"""#, "{}"),
        (#""temperature":null,"max_tokens":null,"seed":null,"tools":null"#, "{}"),
        (#""user":"u","metadata":{"tags":["a"]},"n":1,"stream":false,"stream_options":{}"#, "{}"),
        (#""num_retries":2,"timeout":5,"mock_testing_fallbacks":false,"tools":[],"tool_choice":"none""#, "{}"),
        (#""response_format":{"type":"text"},"reasoning_effort":"none""#, "{}"),
        (#""response_format":{"type":"json_object"}"#, "{}"), (#""tool_choice":"auto""#, "{}"),
        (#""tools":[{"type":"web_search"}]"#, "{}"), (#""parallel_tool_calls":false"#, "{}"),
        (
            #""guardrailConfig":null,"requestMetadata":{"a b":"x-1"}"#,
            #"{},"requestMetadata":{"a b":"x-1"}"#
        ),
        (#""service_tier":"auto""#, #"{},"serviceTier":{"type":"default"}"#),
        (#""service_tier":"scale""#, "{}"),
        (#""serviceTier":{"type":"reserved"}"#, #"{},"serviceTier":{"type":"reserved"}"#),
        (#""top_k":5,"vendor_key":[1]"#, #"{},"additionalModelRequestFields":{"top_k":5,"vendor_key":[1]}"#),
        (
            #""additionalModelRequestFields":{"a":1,"b":2},"a":3"#,
            #"{},"additionalModelRequestFields":{"b":2,"a":3}"#
        ),
    ])
    func `parameters find their place`(_ members: String, _ expected: String) throws {
        #expect(try Self.convert(members) == expected)
    }

    @Test(arguments: [
        ("us.amazon.nova-lite-v1:0", #"{"maxTokens":3}"#), ("openai.gpt-oss-120b-1:0", #"{"maxTokens":3}"#),
        ("openai.gpt-5-1:0", #"{"maxTokens":16}"#), ("xai.grok-4", #"{"maxTokens":16}"#),
    ])
    func `models with a minimum of output tokens get it`(_ model: String, _ expected: String) throws {
        #expect(try Self.convert(#""max_tokens":3"#, model: model) == expected)
    }

    @Test func `Nova takes top_k inside its inference configuration`() throws {
        let body = try Self.convert(#""top_k":9"#, model: "amazon.nova-lite-v1:0")
        #expect(body == #"{},"additionalModelRequestFields":{"inferenceConfig":{"topK":9}}"#)
    }

    @Test(arguments: [
        ("seed", "1"), ("logprobs", "true"), ("top_logprobs", "2"), ("logit_bias", "{}"), ("frequency_penalty", "0.5"),
        ("presence_penalty", "0.5"), ("functions", "[]"), ("function_call", #""auto""#), ("modalities", #"["text"]"#),
        ("audio", "{}"), ("prediction", "{}"), ("n", "2"), ("reasoning_effort", #""high""#), ("store", "true"),
    ])
    func `what Converse does not know is refused, or dropped on request`(_ key: String, _ value: String) throws {
        let members = #""\#(key)":\#(value)"#
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(members) }
        #expect(failure?.status == 400)
        #expect(failure?.param == key)
        #expect(failure?.message.contains("drop_params") == true)

        #expect(try Self.convert(members, drops: true) == "{}")
        #expect(try Self.convert(#"\#(members),"drop_params":true"#) == "{}")
    }

    @Test(arguments: [
        (#""toolConfig":{}"#, "toolConfig"), (#""inferenceConfig":{}"#, "inferenceConfig"),
        (#""tool_choice":"required""#, "tool_choice"),
        (#""response_format":{"type":"json_schema","json_schema":{}}"#, "response_format.json_schema.schema"),
        (#""requestMetadata":{}"#, "requestMetadata"), (#""requestMetadata":{"a":"ü"}"#, "requestMetadata.a"),
        (#""requestMetadata":{"a":1}"#, "requestMetadata.a"),
        (#""aws_secret_access_key":"s""#, "aws_secret_access_key"), (#""api_base":"http://x""#, "api_base"),
    ])
    func `what would change the meaning is refused even under drop_params`(_ members: String, _ param: String) {
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(members, drops: true) }
        #expect(failure?.status == 400)
        #expect(failure?.param == param)
    }

    @Test(arguments: [
        (#""temperature":"hot""#, "temperature"), (#""max_tokens":0"#, "max_tokens"),
        (#""max_tokens":1.5"#, "max_tokens"),
        (#""stop":[1]"#, "stop"), (#""stop":{}"#, "stop"), (#""top_p":[]"#, "top_p"),
        (#""response_format":{}"#, "response_format.type"), (#""requestMetadata":1"#, "requestMetadata"),
    ])
    func `a parameter of the wrong kind is refused by name`(_ members: String, _ param: String) {
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(members) }
        #expect(failure?.param == param)
    }

    @Test func `models without sampling parameters accept temperature 1 only`() throws {
        let without = { (capabilities: inout ModelCapabilities) in capabilities.takesSamplingParameters = false }
        #expect(try Self.convert(#""temperature":1"#, without) == #"{"temperature":1}"#)
        #expect(try Self.convert(#""top_k":3"#, model: "openai.gpt-6", without) == "{}")
        #expect(throws: RequestFailure.self) {
            try Self.convert(#""temperature":1"#, model: "openai.gpt-6", without)
        }
        #expect(try Self.convert(#""temperature":0.5,"top_p":0.5,"top_k":3"#, drops: true, without) == "{}")
        for key in ["temperature", "top_p", "top_k"] {
            let failure = #expect(throws: RequestFailure.self) { try Self.convert(#""\#(key)":0.5"#, without) }
            #expect(failure?.param == key)
        }
    }

    @Test func `a fallback entry's parameters win over the body's`() throws {
        let members = """
            "temperature":0.1,"max_completion_tokens":99,"seed":null,\
            "fallbacks":["x",{"model":"y","temperature":0.9,"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}]
            """
        #expect(
            try ConverseRequestTests.convert(#""messages":[{"role":"user","content":"no"}],\#(members)"#, entry: 1)
                == "\(Self.prefix){\"maxTokens\":5,\"temperature\":0.9}}")
        #expect(
            try ConverseRequestTests.convert(#""messages":[{"role":"user","content":"hi"}],\#(members)"#, entry: 0)
                == "\(Self.prefix){\"maxTokens\":99,\"temperature\":0.1}}")
    }

    @Test func `cache marks become cache points where the model has a prompt cache`() throws {
        let members =
            #""messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]},{"role":"user","content":"b","cache_control":{"type":"ephemeral"}}]"#
        let texts = { (first: String, second: String) in
            #"{"messages":[{"role":"user","content":[{"text":"a"}\#(first),{"text":"b"}\#(second)]}],"inferenceConfig":{}}"#
        }
        let point = #",{"cachePoint":{"type":"default"}}"#
        #expect(try ConverseRequestTests.convert(members) == texts("", ""))
        #expect(try ConverseRequestTests.convert(members) { $0.cachesPrompts = true } == texts(point, point))
        let anHour = try ConverseRequestTests.convert(members) {
            $0.cachesPrompts = true
            $0.cachesPromptsForAnHour = true
        }
        #expect(anHour == texts(#",{"cachePoint":{"type":"default","ttl":"1h"}}"#, point))
    }
}
