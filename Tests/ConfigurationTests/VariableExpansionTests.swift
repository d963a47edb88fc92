import Testing

@testable import Configuration

@Suite struct VariableExpansionTests {
    private let expansion = VariableExpansion(
        environment: EnvironmentVariables(["NAME": "value", "EMPTY": "", "OTHER": "$NAME", "_x1": "under"]))

    @Test(arguments: [
        ("$NAME", "value"), ("${NAME}", "value"), ("os.environ/NAME", "value"), ("a-$NAME-b", "a-value-b"),
        ("$NAME$NAME", "valuevalue"), ("${NAME}S", "valueS"), ("$_x1.", "under."),
        ("$NAME/os.environ/NAME", "value/os.environ/NAME"),
        ("${MISSING:-default}", "default"), ("${EMPTY:-default}", "default"), ("${NAME:-default}", "value"),
        ("${MISSING:-}", ""), ("$EMPTY", ""), ("${MISSING:-${NAME}}", "value"), ("${MISSING:-{a}}", "{a}"),
        ("${MISSING:-a:-b}", "a:-b"), ("$OTHER", "$NAME"), ("pa$$word", "pa$word"), ("$$NAME", "$NAME"),
        ("$$$NAME", "$value"),
    ])
    func `references are replaced`(_ text: String, _ expected: String) throws {
        #expect(try expansion.expand(text) == expected)
    }

    @Test(arguments: ["", "text", "5$", "a$ b", "^x$|y", "$1", "{NAME}", "see os.environ/NAME", "$é"])
    func `a dollar without a name or brace stays`(_ text: String) throws {
        #expect(try expansion.expand(text) == nil)
    }

    @Test(arguments: ["$MISSING", "${MISSING}", "os.environ/MISSING", "x${EMPTY:-$MISSING}"])
    func `an unset variable is named`(_ text: String) {
        #expect(throws: VariableExpansion.Failure.unset("MISSING")) { try expansion.expand(text) }
    }

    @Test(arguments: ["${NAME", "${}", "${1A}", "${NAME:default}", "${NAME-x}", "${", "${A:-${B}"])
    func `a malformed reference is an error`(_ text: String) {
        #expect(throws: VariableExpansion.Failure.malformed) { try expansion.expand(text) }
    }

    @Test func `defaults nest a few levels deep only`() throws {
        let nested = { (depth: Int) in
            String(repeating: "${MISSING:-", count: depth) + "x" + String(repeating: "}", count: depth)
        }
        #expect(try expansion.expand(nested(7)) == "x")
        #expect(throws: VariableExpansion.Failure.malformed) { try expansion.expand(nested(1000)) }
    }
}
