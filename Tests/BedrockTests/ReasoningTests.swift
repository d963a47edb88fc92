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
            "amazon.nova-2-lite-v1:0", "high", #"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}"#,
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

    @Test(arguments: ["amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0", "openai.gpt-5.4", "deepseek.v3-v1:0"])
    func `Claude's words for it are refused where an effort is taken`(_ model: String) throws {
        let thinking = #""thinking":{"type":"enabled","budget_tokens":2000}"#
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(thinking, model) }
        #expect(failure?.param == "thinking")
        #expect(try Self.convert(thinking + #","drop_params":true"#, model) == "{}}")
    }

    @Test(arguments: ["minimal", "xhigh", "max"])
    func `Nova knows three efforts`(_ effort: String) {
        let failure = #expect(throws: RequestFailure.self) {
            try Self.convert(#""reasoning_effort":"\#(effort)""#, "amazon.nova-2-lite-v1:0")
        }
        #expect(failure?.param == "reasoning_effort")
    }

    @Test(arguments: [(30, "low"), (2048, "medium"), (5000, "high"), (8192, "xhigh")])
    func `a budget is an effort for Claude models that know no budgets`(_ budget: Int, _ effort: String) throws {
        let thinking = #""thinking":{"type":"enabled","budget_tokens":\#(budget)"#
        let fields = { (display: String) in
            #""additionalModelRequestFields":{"thinking":{"type":"adaptive"\#(display)},"output_config":{"effort":"\#(effort)"}}"#
        }
        #expect(
            try Self.convert(thinking + "}", "anthropic.claude-opus-4-7") == "{},\(fields(""))\(Self.paths)")
        #expect(
            try Self.convert(thinking + #","display":"omitted"}"#, "anthropic.claude-opus-4-7")
                == "{},\(fields(#","display":"omitted""#))\(Self.paths)")
    }

    @Test func `a budget stays one for those that know both`() throws {
        #expect(
            try Self.convert(#""thinking":{"type":"enabled","budget_tokens":3000}"#, "anthropic.claude-sonnet-4-6")
                == #"{"maxTokens":7096},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":3000}}\#(Self.paths)"#
        )
    }

    @Test func `adaptive thinking has a budget below the answer's limit for those that know nothing else`() throws {
        let thinking = #""thinking":{"type":"adaptive"}"#
        let budget = { (tokens: Int) in
            #","additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":\#(tokens)}}\#(Self.paths)"#
        }
        #expect(try Self.convert(thinking, Self.legacy) == #"{"maxTokens":6144}"# + budget(2048))
        #expect(
            try Self.convert(thinking + #","max_tokens":1500"#, Self.legacy) == #"{"maxTokens":1500}"# + budget(1499))
        #expect(try Self.convert(thinking + #","max_tokens":1024"#, Self.legacy) == #"{"maxTokens":1024}}"#)
    }

    @Test func `an effort in Claude's own words stays`() throws {
        let body = try Self.convert(
            #""reasoning_effort":"high","output_config":{"effort":"low"}"#, "anthropic.claude-opus-4-6-v1")
        #expect(
            body
                == #"{},"additionalModelRequestFields":{"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"low"}}\#(Self.paths)"#
        )
    }

    @Test func `thinking goes as it is, but with enough of a budget`() throws {
        #expect(
            try Self.convert(#""thinking":{"type":"enabled","budget_tokens":9,"x":1}"#, Self.legacy)
                == #"{"maxTokens":5120},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024,"x":1}}\#(Self.paths)"#
        )
        #expect(
            try Self.convert(#""thinking":{"type":"disabled"}"#, Self.legacy)
                == #"{},"additionalModelRequestFields":{"thinking":{"type":"disabled"}}\#(Self.paths)"#)
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
