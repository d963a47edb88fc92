import JSON
import Testing

@Suite struct JSONValueTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONDocument(parsing: Array(text.utf8)).root
    }

    @Test(arguments: [
        ("{}", JSONValue.Kind.object), ("[]", .array), (#""""#, .string), ("-1", .number), ("7", .number),
        ("true", .bool), ("false", .bool), ("null", .null),
    ])
    func `every value knows its kind`(_ text: String, _ kind: JSONValue.Kind) throws {
        let value = try parse(text)
        #expect(value.kind == kind)
        #expect(value.isObject == (kind == .object))
        #expect(value.isArray == (kind == .array))
        #expect(value.isString == (kind == .string))
        #expect(value.isNumber == (kind == .number))
        #expect(value.isNull == (kind == .null))
    }

    @Test func `a value of another kind answers nil or nothing`() throws {
        let number = try parse("1")
        #expect(number.string == nil)
        #expect(number.escapedText == nil)
        #expect(number.bool == nil)
        #expect(number["a"] == nil)
        #expect(Array(number.elements).isEmpty)
        #expect(Array(number.members).isEmpty)
        #expect(number.strings == nil)
        #expect(!number.isBlankString)
        #expect(!number.isString("1"))
        let string = try parse(#""1""#)
        #expect(string.integer == nil)
        #expect(string.double == nil)
        #expect(Array(try parse("{}").elements).isEmpty)
        #expect(Array(try parse("[]").members).isEmpty)
    }

    @Test func `members are found past nested values, and the last of equal keys counts`() throws {
        let value = try parse(#"{"a":{"b":[1,{"c":2}],"z":0},"b":[[],[{}]],"c":"d","a":7}"#)
        #expect(value["a"]?.integer == 7)
        #expect(value["c"]?.string == "d")
        #expect(value["b"]?.elements.count == 2)
        #expect(value["z"] == nil)
        #expect(value[""] == nil)
        #expect(value.members.map { $0.key.string } == ["a", "b", "c", "a"])
        #expect(value.members.first { _ in true }?.value["b"]?.elements.map(\.kind) == [.number, .object])
    }

    @Test func `keys written with escapes are found by their text`() throws {
        let value = try parse(#"{"m\u006fdel":1,"a\"b":2,"é":3}"#)
        #expect(value["model"]?.integer == 1)
        #expect(value["a\"b"]?.integer == 2)
        #expect(value["é"]?.integer == 3)
        #expect(value["m\\u006fdel"] == nil)
    }

    @Test func `keys that begin alike are told apart`() throws {
        let value = try parse(#"{"max_tokens_extra":1,"max_token":2,"max_tokens":3}"#)
        #expect(value["max_tokens"]?.integer == 3)
        #expect(value["max_token"]?.integer == 2)
        #expect(value["max"] == nil)
    }

    @Test func `elements come in order, each with its source`() throws {
        let value = try parse(#" [ 1 , "two" , [ 3 , 4 ] , { "five" : 6 } , null ] "#)
        let sources = value.elements.map { String(decoding: $0.source, as: UTF8.self) }
        #expect(sources == ["1", #""two""#, "[ 3 , 4 ]", #"{ "five" : 6 }"#, "null"])
        #expect(value.elements.count == 5)
        #expect(value.elements.first?.integer == 1)
        #expect(!value.elements.isEmpty)
        #expect(try parse("[ ]").elements.isEmpty)
        #expect(try parse("{ }").members.isEmpty)
        #expect(try parse(#"{"a":1,"b":{}}"#).members.count == 2)
    }

    @Test func `strings are unescaped on demand`() throws {
        let value = try parse(#""a\"b\\c\/\n\u00e9\ud83d\ude00 \u4f60é""#)
        #expect(value.string == "a\"b\\c/\né😀 你é")
        #expect(value.hasEscapes)
        #expect(value.isString("a\"b\\c/\né😀 你é"))
        let plain = try parse(#""plain é""#)
        #expect(plain.string == "plain é")
        #expect(!plain.hasEscapes)
        #expect(plain.escapedText.map { String(decoding: $0, as: UTF8.self) } == "plain é")
        #expect(plain.isString("plain é"))
        #expect(!plain.isString("plain"))
        #expect(!plain.isString("plain é!"))
    }

    @Test(arguments: [
        (#""""#, true), (#""  ""#, true), (#""\n\t \u0020""#, true), (#""\u00a0\u3000""#, true), ("\"\u{3000}\"", true),
        (#""a""#, false), (#"" a""#, false), (#""\\""#, false), (#""\u0041""#, false), ("\"\u{4F60}\"", false),
        ("null", false), ("[]", false),
    ])
    func `blank strings are recognised without and with escapes`(_ text: String, _ isBlank: Bool) throws {
        #expect(try parse(text).isBlankString == isBlank)
    }

    @Test func `an array of strings is read at once, one of anything else is not`() throws {
        #expect(try parse(#"["a","\u0062",""]"#).strings == ["a", "b", ""])
        #expect(try parse("[]").strings == [])
        #expect(try parse(#"["a",1]"#).strings == nil)
        #expect(try parse(#""a""#).strings == nil)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("2.0", 2), ("2e1", 20), ("2E+1", 20), ("200e-2", 2), ("1.50e1", 15),
        ("0.0", 0), ("0e99999999999999999999", 0), ("1000000", 1_000_000), ("10.000000000000000000000000", 10),
        ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
        ("9007199254740993.0", 9_007_199_254_740_993),
        ("0.000001e6", 1), ("1e18", 1_000_000_000_000_000_000), ("922337203685477580.7e1", Int.max),
        ("100000000000000000000000000000e-28", 10),
    ])
    func `numbers without a fractional part are integers`(_ text: String, _ integer: Int) throws {
        #expect(try parse(text).integer == integer)
    }

    @Test(arguments: [
        "0.5", "1e-1", "9223372036854775808", "-9223372036854775809", "1e19", "1e400", "1.00000000000000000000000001",
        "1e99999999999999999999", "1e-99999999999999999999", "18446744073709551616", "-1e9223372036854775807",
        "1000e-9223372036854775808",
    ])
    func `numbers that are no integer, or none that fits, are not`(_ text: String) throws {
        #expect(try parse(text).integer == nil)
    }

    @Test(arguments: [
        ("0", 0), ("-0.0", -0.0), ("0.1", 0.1), ("1e3", 1000), ("123.456e-2", 1.23456),
        ("5e-324", .leastNonzeroMagnitude),
        ("1.7976931348623157e308", .greatestFiniteMagnitude), ("0.30000000000000004", 0.1 + 0.2), ("1e-400", 0),
    ])
    func `doubles are exact to the last bit`(_ text: String, _ double: Double) throws {
        #expect(try parse(text).double?.bitPattern == double.bitPattern)
    }

    @Test func `a number beyond the range of doubles is none`() throws {
        #expect(try parse("1e400").double == nil)
        #expect(try parse("-1e400").double == nil)
    }

    @Test func `a value outlives its document`() throws {
        var value: JSONValue?
        do {
            let document = try JSONDocument(parsing: Array(#"{"a":["b"]}"#.utf8))
            value = document.root["a"]?.elements.first
        }
        #expect(value?.string == "b")
    }
}
