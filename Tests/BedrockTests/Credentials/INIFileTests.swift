import TestSupport
import Testing

@testable import Bedrock

@Suite struct INIFileTests {
    @Test func `sections hold keys in lower case, and values as they are`() throws {
        let file = try INIFile(
            parsing: """
                # a comment
                [default]
                AWS_Access_Key_ID = AKID
                aws_secret_access_key=a=b:c # not a comment
                ; another
                [profile work]
                region : eu-west-1
                empty =
                """)
        #expect(
            file.sections["default"] == ["aws_access_key_id": "AKID", "aws_secret_access_key": "a=b:c # not a comment"])
        #expect(file.sections["profile work"] == ["region": "eu-west-1", "empty": ""])
    }

    @Test func `nested settings belong to the key above them`() throws {
        let file = try INIFile(parsing: "[a]\ns3 =\n  max_queue = 1\n  region = x\nregion = y\n")
        #expect(file.sections["a"] == ["s3": "", "region": "y"])
        #expect(file.nested == ["a": ["s3": ["max_queue": "1", "region": "x"]]])
    }

    @Test func `what is indented below a value continues it, and is no setting`() throws {
        let file = try INIFile(parsing: "[a]\nk = 1\n  x = 2\nl =\n  not a setting\n")
        #expect(file.sections["a"] == ["k": "1", "l": ""])
        #expect(file.nested.isEmpty)
    }

    @Test func `a whole section may be indented`() throws {
        let file = try INIFile(parsing: "[a]\r\n  k = 1\r\n  l = 2\r\n")
        #expect(file.sections["a"] == ["k": "1", "l": "2"])
    }

    @Test func `sections of one name are merged, the later value wins`() throws {
        let file = try INIFile(parsing: "[a]\nk = 1\nl = 1\n[b]\n[a]\nk = 2")
        #expect(file.sections == ["a": ["k": "2", "l": "1"], "b": [:]])
    }

    @Test(arguments: [("k = 1", 1), ("[a]\nsecret-without-key", 2), ("[a]\n[b", 2), ("[a]\n\n= x", 3)])
    func `what is no INI file is refused by its line, unseen`(_ text: String, _ line: Int) {
        let error = #expect(throws: INIFile.SyntaxError.self) { try INIFile(parsing: text) }
        #expect(error?.line == line)
        #expect(error?.message.contains("secret") == false)
    }

    @Test func `no input stops the reader`() {
        var generator = SeededGenerator(seed: 1)
        let alphabet = Array("[]=:#; \t\n\rab\u{E9}\u{0}")
        for _ in 0..<2000 {
            let text = String(
                (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "a"
                })
            _ = try? INIFile(parsing: text)
            _ = CommandWords.split(text)
            _ = XMLText.element("a", in: Array(text.utf8))
            _ = Timestamp.instant(text)
        }
    }
}
