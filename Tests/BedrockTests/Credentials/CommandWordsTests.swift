import Testing

@testable import Bedrock

@Suite struct CommandWordsTests {
    @Test(arguments: [
        ("a b  c", ["a", "b", "c"]), ("'a b' \"c d\"", ["a b", "c d"]), (#"a\ b "c\"d\\e\f""#, ["a b", #"c"d\e\f"#]),
        ("pre'mid'post ''", ["premidpost", ""]), ("$HOME | `x` ; *", ["$HOME", "|", "`x`", ";", "*"]), ("  ", []),
    ])
    func `words are split as a shell does, and nothing else is done`(_ line: String, _ words: [String]) {
        #expect(CommandWords.split(line) == words)
    }

    @Test(arguments: ["'a", "\"a", "a\\", "\"a\\"])
    func `what does not end is refused`(_ line: String) {
        #expect(CommandWords.split(line) == nil)
    }
}
