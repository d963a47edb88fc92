import TestSupport
import Testing
import YAML

@Suite struct YAMLParserTests {
    private func parse(_ text: String) throws(YAMLError) -> YAMLNode {
        try YAMLParser.parse(text, file: "test.yaml")
    }

    private func message(_ text: String) -> String {
        do {
            _ = try parse(text)
            return "parsed"
        } catch {
            return error.description
        }
    }

    @Test func `every node knows its file and line`() throws {
        let root = try parse("a: 1\nb:\n  - x\n  - c: y\n")

        #expect(root.mapping?.map(\.key) == ["a", "b"])
        #expect(root.mapping?.map(\.keyLine) == [1, 2])
        #expect(root["b"]?.sequence?.map(\.line) == [3, 4])
        #expect(root["b"]?.sequence?[1]["c"]?.scalar?.value == .string("y"))
        #expect(root["b"]?.file == "test.yaml")
    }

    @Test func `quotes, block scalars and the str tag make text`() throws {
        let root = try parse("a: \"1\"\nb: '1'\nc: |\n  1\nd: !!str 1\ne: ! 1\nf: 1\ng: !!int \"1\"\n")
        let values = root.mapping?.compactMap { $0.value.scalar?.value }
        let text = YAMLScalar.Value.string("1")
        #expect(values == [text, text, .string("1\n"), text, text, .int(1), .int(1)])
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "\n\n"])
    func `an empty document is null`(_ text: String) throws {
        #expect(try parse(text).isNull)
    }

    @Test func `JSON is YAML`() throws {
        let root = try parse("{\"a\":[1,2.5,true,null,\"x\\u00e9\\/\"],\"b\":{\"c\":{}},\n\t\"d\": []}")
        let values = root["a"]?.sequence?.compactMap { $0.scalar?.value }
        #expect(values == [.int(1), .double(2.5), .bool(true), .null, .string("xé/")])
        #expect(root["b"]?["c"]?.mapping?.isEmpty == true)
        #expect(root["d"]?.line == 2)
    }

    @Test func `aliases stand for what their anchor names`() throws {
        let root = try parse("a: &one {x: 1}\nb: *one\nc: [*one, &two 2, *two]\n")
        #expect(root["b"] == root["a"])
        #expect(root["c"]?.sequence?.map { $0.scalar?.value } == [nil, .int(2), .int(2)])
        #expect(root["b"]?.line == 1)
    }

    @Test func `merge keys fill in what a mapping lacks`() throws {
        let root = try parse(
            """
            base: &base {x: 1, y: 2}
            other: &other {y: 3, z: 4}
            one: {<<: *base, y: 9}
            two:
              <<: [*base, *other]
            three: {"<<": *base}
            """)
        let pairs = { (key: String) in root[key]?.mapping?.map { "\($0.key)=\($0.value.scalar?.text ?? "?")" } }
        #expect(pairs("one") == ["x=1", "y=9"])
        #expect(pairs("two") == ["x=1", "y=2", "z=4"])
        #expect(pairs("three") == ["<<=?"])
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "test.yaml:3: key \"a\" is given twice, first in line 1"),
        ("a: *x\n", "test.yaml:1: an alias has no anchor before it; text that begins with * stands in quotes"),
        ("a: &x [*x]\n", "test.yaml:1: an alias has no anchor before it; text that begins with * stands in quotes"),
        ("a: 1\n---\nb: 2\n", "test.yaml:2: a second document begins, expected one"),
        ("[a]: 1\n", "test.yaml:1: a key must be a single word or text, not a list or mapping"),
        ("a:\n  <<: 1\n", "test.yaml:2: \"<<\" merges a mapping or a list of mappings, and this is neither"),
        ("a: !secret x\n", "test.yaml:1: a tag is not supported here; text that begins with ! stands in quotes"),
        (
            "a: !!python/name:os {}\n",
            "test.yaml:1: a tag is not supported here; text that begins with ! stands in quotes"
        ),
        ("a: b: c\n", "test.yaml:1: not valid YAML: mapping values are not allowed in this context"),
        ("a: 1\nb: \u{1}\n", "test.yaml:2: not valid YAML: control characters are not allowed"),
        (
            "a: 1\nb: \"open",
            "test.yaml:2: not valid YAML: found unexpected end of stream while scanning a quoted scalar"
        ),
    ])
    func `an error names its line and what is wrong`(_ text: String, _ expected: String) {
        #expect(message(text) == expected)
    }

    @Test func `nesting is bounded, also through aliases`() {
        let flat = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(message(flat(64)) == "parsed")
        #expect(message(flat(65)) == "test.yaml:1: nested more than 64 levels deep")
        #expect(message(flat(100_000)) == "test.yaml:1: nested more than 64 levels deep")
        let anchored = "a: &a \(flat(40))\nb: &b [[[*a]]]\n"
        #expect(message(anchored) == "parsed")
        let deeper = anchored + "c: \(String(repeating: "[", count: 30))*b"
        #expect(message(deeper) == "test.yaml:3: nested more than 64 levels deep")
    }

    @Test func `aliases cannot stand for more nodes than memory holds`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let references = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(references)]\n"
        }
        #expect(message(text) == "test.yaml:5: aliases stand for more than 100000 nodes")
    }

    @Test func `a byte order mark is no part of the text`() throws {
        let node = try YAMLParser.parse("\u{FEFF}# comment\na: b\n", file: "f")
        #expect(node["a"]?.scalar?.text == "b")
        #expect(node["a"]?.line == 2)
    }

    @Test func `truncated text parses or throws`() {
        let text = "a: &x {b: [1, 'two', \"thr\\u0065e\"], c: |\n    text\n  }\nd:\n  <<: *x\n  e: !!str 1\n--- \n"
        for end in text.indices { _ = message(String(text[..<end])) }
    }

    @Test func `random text parses or throws`() {
        var random = SeededGenerator(seed: 42)
        let pieces = [
            "a", ":", " ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "<<: ", "'", "\"", "|", ">", "#",
            "!!str ", "?", "%", "@", "\t", "\\", "é", "\u{0}", "---\n", "~",
        ]
        for _ in 0..<2000 {
            let length = Int.random(in: 1...40, using: &random)
            let text = (0..<length).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            _ = message(text)
        }
    }
}
