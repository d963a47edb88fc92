import ChatCompletions
import Testing

@testable import Bedrock

/// Requests of a size that a topic takes, made so that anything that grows with the square of it would take minutes: the
/// loop that maps them serves every partition.
@Suite struct LargeRequestTests {
    private static let count = 60_000

    private static func convert(_ members: String) throws(RequestFailure) -> String {
        let request = try ChatRequest(json: Array(#"{"model":"g",\#(members)}"#.utf8))
        let model = "anthropic.claude-3-haiku-20240307-v1:0"
        let target = ConverseTarget(
            model: model, capabilities: ModelCapabilities(baseModel: model), dropsUnsupportedParameters: false)
        return String(decoding: try ConverseRequest(request, for: target).json(), as: UTF8.self)
    }

    private static func joined(_ element: (Int) -> String) -> String {
        (0..<count).map(element).joined(separator: ",")
    }

    private static let words = #""messages":[{"role":"user","content":"hi"}]"#

    @Test func `results of tools`() throws {
        let results = Self.joined { #"{"role":"tool","tool_call_id":"c\#($0)","content":"r"}"# }
        let body = try Self.convert(#""messages":[\#(results)],"tools":[{"function":{"name":"f"}}]"#)
        #expect(body.contains(#""toolUseId":"c\#(Self.count - 1)""#))
    }

    @Test func `tools whose names look alike`() throws {
        let tools = Self.joined {
            let name = UnicodeScalar(UInt32(0x1_0000 + $0)).map(String.init) ?? ""
            return #"{"function":{"name":"\#(name)"}}"#
        }
        let body = try Self.convert(#"\#(Self.words),"tools":[\#(tools)]"#)
        #expect(body.contains(#""name":"a__\#(Self.count)""#))
    }

    @Test func `words that a guardrail looks at`() throws {
        let messages = Self.joined { #"{"role":"user","content":"w\#($0)"}"# }
        let body = try Self.convert(#""messages":[\#(messages)],"guardrailConfig":{"guardrailIdentifier":"g"}"#)
        #expect(body.contains(#"{"guardContent":{"text":{"text":"w\#(Self.count - 1)"}}}"#))
    }

    @Test func `parameters that nobody knows are refused beyond a number`() {
        let many = Self.joined { #""p\#($0)":0"# }
        for members in [many, #""additionalModelRequestFields":{\#(many)}"#] {
            let failure = #expect(throws: RequestFailure.self) { try Self.convert("\(Self.words),\(members)") }
            #expect(failure?.status == 400)
            #expect(failure?.message.contains("more than 128 parameters") == true)
        }
    }

    @Test func `a parameter that is repeated`() throws {
        let body = try Self.convert(#"\#(Self.words),\#(Self.joined { #""p":\#($0)"# })"#)
        #expect(body.contains(#""additionalModelRequestFields":{"p":\#(Self.count - 1)}"#))
    }
}
