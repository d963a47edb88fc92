import ChatCompletions
import Testing

@testable import Bedrock

/// `thinking` and `reasoning_effort`, family by family.
@Suite struct ReasoningTests {
    private static let prefix = #"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":"#
    private static let paths = #","additionalModelResponseFieldPaths":["/usage/output_tokens_details"]}"#
    private static let legacy = "anthropic.claude-3-7-sonnet-20250219-v1:0"

    private static func convert(_ members: String, _ model: String) throws -> String {
        String(try ConverseRequestTests.convert(members, model: model).dropFirst(prefix.count))
    }

    @Test(arguments: [
        ("minimal", 1024), ("low", 1024), ("medium", 2048), ("high", 4096), ("xhigh", 8192), ("max", 16384),
    ])
    func `an effort is a budget for older Claude models`(_ effort: String, _ budget: Int) throws {
        let thinking = #""additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":\#(budget)}}"#
        #expect(
            try Self.convert(#""reasoning_effort":"\#(effort)""#, Self.legacy)
                == #"{"maxTokens":\#(budget + 4096)},\#(thinking)\#(Self.paths)"#)
        #expect(
            try Self.convert(#""reasoning_effort":"\#(effort)","max_tokens":50"#, Self.legacy)
                == #"{"maxTokens":50},\#(thinking)\#(Self.paths)"#)
    }

    private static func adaptive(_ effort: String) -> String {
        #"{"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"\#(effort)"}}"#
    }

    static let families: [(model: String, effort: String, fields: String, asksForUsage: Bool)] = [
        ("anthropic.claude-opus-4-6-v1", "minimal", adaptive("low"), true),
        ("anthropic.claude-sonnet-5", "max", adaptive("max"), true),
        (
            "amazon.nova-2-lite-v1:0", "xhigh", #"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}"#,
            false
        ),
        ("openai.gpt-oss-120b-1:0", "low", #"{"reasoning_effort":"low"}"#, false),
        ("deepseek.v3-v1:0", "high", #"{"reasoning_effort":"high"}"#, false),
        ("openai.gpt-5.4", "high", #"{"reasoning":{"effort":"high"}}"#, false),
    ]

    @Test(arguments: families)
    func `an effort goes where the family takes it`(
        _ model: String, _ effort: String, _ fields: String, _ asksForUsage: Bool
    ) throws {
        let body = try Self.convert(#""reasoning_effort":"\#(effort)""#, model)
        let end = asksForUsage ? Self.paths : "}"
        #expect(body == #"{},"additionalModelRequestFields":\#(fields)\#(end)"#)
    }

    @Test(arguments: ["deepseek.r1-v1:0", "amazon.nova-lite-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"])
    func `models that take neither refuse both`(_ model: String) throws {
        for (key, value) in [("reasoning_effort", #""low""#), ("thinking", #"{"type":"enabled"}"#)] {
            let failure = #expect(throws: RequestFailure.self) { try Self.convert(#""\#(key)":\#(value)"#, model) }
            #expect(failure?.param == key)
            #expect(try Self.convert(#""\#(key)":\#(value),"drop_params":true"#, model) == "{}}")
        }
        #expect(try Self.convert(#""reasoning_effort":"none""#, model) == "{}}")
    }

    @Test func `thinking goes as it is, but with enough of a budget`() throws {
        #expect(
            try Self.convert(#""thinking":{"type":"enabled","budget_tokens":9,"x":1}"#, Self.legacy)
                == #"{"maxTokens":5120},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024,"x":1}}\#(Self.paths)"#
        )
        #expect(
            try Self.convert(#""thinking":{"type":"disabled"}"#, Self.legacy)
                == #"{},"additionalModelRequestFields":{"thinking":{"type":"disabled"}}}"#)
    }

    @Test(arguments: [
        (#""reasoning_effort":"much""#, "reasoning_effort"), (#""thinking":{}"#, "thinking.type"),
        (#""thinking":{"type":"enabled","budget_tokens":"x"}"#, "thinking.budget_tokens"),
    ])
    func `an unknown wish is refused by name`(_ members: String, _ param: String) {
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(members, Self.legacy) }
        #expect(failure?.param == param)
    }
}
