import ChatCompletions
import Configuration
import JSON
import Testing

@testable import Bedrock

/// What LiteLLM sends for 32 requests, and where we decided otherwise.
@Suite struct ConverseVectorTests {
    struct Vector: CustomTestStringConvertible, Sendable {
        var value: JSONValue
        var testDescription: String { value["name"]?.string ?? "" }
    }

    static var vectors: [Vector] {
        let cases = (try? Fixtures.json("converse-mapping-vectors"))?["cases"]
        return cases.map { $0.elements.map { Vector(value: $0) } } ?? []
    }

    /// Ours where it is not LiteLLM's; nil is a refusal.
    private static let differences: [String: String?] = [
        // LiteLLM sends no messages at all, which Bedrock refuses: we do it here.
        "empty user": nil,
        // LiteLLM leaves the tools in, and the model may call them.
        "tools none drop": #"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{}}"#,
        // LiteLLM loses redacted thoughts.
        "thinking history": #"""
        {"messages":[{"role":"user","content":[{"text":"w"}]},{"role":"assistant","content":[
        {"reasoningContent":{"reasoningText":{"text":"r","signature":"sig"}}},
        {"reasoningContent":{"redactedContent":"b3A="}},{"text":"ans"}]},
        {"role":"user","content":[{"text":"again"}]}],"inferenceConfig":{"maxTokens":4000},
        "additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}},
        "additionalModelResponseFieldPaths":["/usage/output_tokens_details"]}
        """#,
    ]

    private static let hi = #""messages":[{"role":"user","content":[{"text":"hi"}]}]"#

    private static func body(of vector: JSONValue) throws -> [UInt8] {
        let model = try #require(vector["model"]?.string)
        let members = String(decoding: try #require(vector["request"]).source.dropFirst(), as: UTF8.self)
        let messages =
            vector["request"]?["messages"].map { _ in "" } ?? #""messages":[{"role":"user","content":"hi"}],"#
        let request = try ChatRequest(json: Array(#"{"model":"\#(model)",\#(messages)\#(members)"#.utf8))
        let name = try BedrockModelString(model)
        return try ConverseMapping.body(of: request, for: name, ModelCapabilities(catalogued: name))
    }

    /// The recording leaves the default messages out.
    private static func recorded(_ vector: JSONValue) -> String? {
        guard let converse = vector["converse"] else { return nil }
        let messages = converse["messages"].map { _ in "" } ?? "\(hi),"
        return "{\(messages)\(String(decoding: converse.source.dropFirst(), as: UTF8.self))"
    }

    @Test(arguments: vectors)
    func `a request becomes what LiteLLM sends, or what we decided`(_ vector: Vector) throws {
        let expected = Self.differences[vector.testDescription] ?? Self.recorded(vector.value)
        guard let expected else {
            let failure = #expect(throws: RequestFailure.self) { try Self.body(of: vector.value) }
            #expect(failure?.status == 400)
            #expect(failure?.param?.isEmpty == false)
            return
        }
        #expect(try Fixtures.canonical(Self.body(of: vector.value)) == Fixtures.canonical(Array(expected.utf8)))
    }

    @Test func `all recorded requests are there`() {
        #expect(Self.vectors.count == 32)
        #expect(Set(Self.differences.keys).isSubset(of: Self.vectors.map(\.testDescription)))
    }
}
