import ChatCompletions
import JSON
import Testing

@testable import Bedrock

@Suite struct JSONSchemaTests {
    private static func expand(
        _ schema: String, _ form: JSONSchema.Form = .inliningDefinitions
    ) throws -> String {
        let value = try JSONDocument(parsing: Array(schema.utf8)).root
        return String(decoding: try JSONSchema(value, form, at: "p").text(), as: UTF8.self)
    }

    static let references: [(String, String)] = [
        (##"{"a":{"$ref":"#/$defs/X"},"$defs":{"X":{"type":"string"}}}"##, ##"{"a": {"type": "string"}}"##),
        (
            ##"{"a":{"$ref":"#/definitions/X","title":"t"},"definitions":{"X":{"title":"u","b":[1,true]}}}"##,
            ##"{"a": {"b": [1, true], "title": "t"}}"##
        ),
        (##"{"a":{"$ref":"#/$defs/Y"},"$defs":{"X":{}}}"##, ##"{"a": {"$ref": "#/$defs/Y"}}"##),
        (##"{"a":{"$ref":"#/$defs/X"},"$defs":{"X":{"b":{"$ref":"#/$defs/X"}}}}"##, ##"{"a": {"b": {}}}"##),
        (##"{"properties":{"$ref":{"type":"string"}}}"##, ##"{"properties": {"$ref": {"type": "string"}}}"##),
        (
            ##"{"properties":{"default":{"$ref":"#/$defs/X"},"x":{"default":{"$ref":"#/$defs/X"}}},"$defs":{"X":{}}}"##,
            ##"{"properties": {"default": {}, "x": {"default": {"$ref":"#/$defs/X"}}}}"##
        ),
        (##"{"a":{"$ref":"#/$defs/a~1b~0"},"$defs":{"a/b~":{"c":1}}}"##, ##"{"a": {"c": 1}}"##),
        (##"{"a":{"$ref":"#/$defs/L%5Bint%5D"},"$defs":{"L[int]":{"c":1}}}"##, ##"{"a": {"c": 1}}"##),
        (##"{"a":{"$ref":"#/$defs/a~01"},"$defs":{"a~1":{"c":1},"a/":{}}}"##, ##"{"a": {"c": 1}}"##),
        (##"{"a":{"$ref":"#/$defs/5%+5"},"$defs":{"5%+5":{"c":1}}}"##, ##"{"a": {"c": 1}}"##),
        (##"{"a":{"$ref":"#/$defs/x~1%"},"$defs":{"x/%":{"c":1}}}"##, ##"{"a": {"c": 1}}"##),
        (##"{"a":{"$ref":"#/$defs/x~1%5"},"$defs":{"x/%5":{"c":1}}}"##, ##"{"a": {"c": 1}}"##),
        (##"{"a":{"$ref":"#/$defs/x~1%+5"},"$defs":{"x/%+5":{"c":1}}}"##, ##"{"a": {"c": 1}}"##),
        (##"{"a":{"$ref":"#/$defs/L%5B~1"},"$defs":{"L%5B~1":{"c":1}}}"##, ##"{"a": {"c": 1}}"##),
        (
            ##"{"a":{"$ref":"#/$defs/X"},"b":{"$ref":"#/definitions/X"},"c":{"$ref":"#/$defs/Y"},"$defs":{"X":{"n":1}},"definitions":{"X":{"n":2},"Y":{"n":3}}}"##,
            ##"{"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}}"##
        ),
    ]

    @Test(arguments: references)
    func `definitions stand where they are referred to`(_ schema: String, _ expected: String) throws {
        #expect(try Self.expand(schema) == expected)
    }

    @Test func `objects are closed, data that looks like one is not`() throws {
        let schema =
            #"{"type":"object","additionalProperties":true,"items":[{"type":"object"}],"default":{"type":"object"}}"#
        let items = #"[{"type": "object", "additionalProperties": false}]"#
        let expected =
            #"{"type": "object", "additionalProperties": true, "items": "#
            + items + #", "default": {"type":"object"}}"#
        #expect(try Self.expand(schema, .closingObjects) == expected)

        let named = #"{"type":"object","properties":{"default":{"type":"object"},"type":{"const":"object"}}}"#
        let closed =
            #"{"type": "object", "properties": {"default": {"type": "object", "additionalProperties": false}, "#
        #expect(
            try Self.expand(named, .closingObjects)
                == closed + #""type": {"const": "object"}}, "additionalProperties": false}"#)
    }

    @Test func `definitions that nest without end are refused`() {
        let links = (0..<20_000).map { ##""L\##($0)":{"$ref":"#/$defs/L\##($0 + 1)"}"## }
        let schema = ##"{"$ref":"#/$defs/L0","$defs":{\##(links.joined(separator: ",")),"L20000":{}}}"##
        let failure = #expect(throws: RequestFailure.self) { try Self.expand(schema) }
        #expect(failure?.param == "p")
        #expect(failure?.message == "p: the schema nests too deep with its definitions put in")
    }

    @Test func `members may be many, and of one name the last counts`() throws {
        let members = (0..<40_000).map { #""m\#($0)":0"# }.joined(separator: ",")
        let text = try Self.expand(#"{"m1":1,\#(members)}"#)
        #expect(text.hasPrefix(#"{"m0": 0, "m1": 0, "m2": 0"#))
    }

    @Test(.timeLimit(.minutes(1))) func `definitions may be many, in both places`() throws {
        let many = (0..<20_000).map { #""m\#($0)":{}"# }.joined(separator: ",")
        let schema = ##"{"a":{"$ref":"#/$defs/m7"},"$defs":{\##(many)},"definitions":{\##(many)}}"##
        #expect(try Self.expand(schema) == #"{"a": {}}"#)
    }

    @Test func `definitions that multiply without end are refused`() {
        var definitions = #""L30":{}"#
        for level in 0..<30 {
            let next = ##"{"$ref":"#/$defs/L\##(level + 1)"}"##
            definitions += #","L\#(level)":{"a":\#(next),"b":\#(next)}"#
        }
        let schema = ##"{"$ref":"#/$defs/L0","$defs":{\##(definitions)}}"##
        let failure = #expect(throws: RequestFailure.self) { try Self.expand(schema) }
        #expect(failure?.param == "p")
    }
}
