import JSON
import Testing

@Suite struct EscapesTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"\u0041\u00e9\u20AC"#, "Aé€"),
        (#"\ud83d\ude00"#, "😀"), (#"a\u0000b"#, "a\0b"), (#"\\u0041"#, #"\u0041"#), (#"\uDBFF\uDFFF"#, "\u{10FFFF}"),
        ("é😀", "é😀"),
    ])
    func `escape sequences become what they stand for`(_ escaped: String, _ text: String) {
        #expect(unescape(escaped.utf8) == Array(text.utf8))
        #expect(unescape(Array(escaped.utf8)) == Array(text.utf8))
        #expect(unescape(AnyCollection(Array(escaped.utf8))) == Array(text.utf8))
    }

    @Test(arguments: [
        (#"\ud83d"#, "\u{FFFD}"), (#"\ude00"#, "\u{FFFD}"), (#"\ud83dx"#, "\u{FFFD}x"), (#"\ud83d\n"#, "\u{FFFD}\n"),
        (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀"), (#"\ude00\ud83d"#, "\u{FFFD}\u{FFFD}"),
    ])
    func `an escaped surrogate without its partner becomes the replacement character`(_ escaped: String, _ text: String)
    {
        #expect(unescape(escaped.utf8) == Array(text.utf8))
    }

    @Test(arguments: [#"\"#, #"\q"#, #"\u"#, #"\u12"#, #"\u12G4"#, #"a\u123"#])
    func `what is no escape sequence stays as it is`(_ text: String) {
        #expect(unescape(text.utf8) == Array(text.utf8))
    }
}
