import JSON
import Testing

@Suite struct JSONDocumentTests {
    @Test(arguments: JSONTextCase.accepted)
    func `what is JSON is accepted`(_ example: JSONTextCase) {
        #expect(throws: Never.self) { try JSONDocument(parsing: example.text) }
    }

    @Test(arguments: JSONTextCase.rejected)
    func `what is not JSON is rejected`(_ example: JSONTextCase) {
        #expect(throws: JSONError.self) { try JSONDocument(parsing: example.text) }
    }

    @Test(arguments: JSONTextCase.acceptedByChoice)
    func `what the grammar leaves open is accepted`(_ example: JSONTextCase) {
        #expect(throws: Never.self) { try JSONDocument(parsing: example.text) }
    }

    @Test(arguments: JSONTextCase.rejectedByChoice)
    func `what exceeds the depth bound is rejected`(_ example: JSONTextCase) {
        let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: example.text) }
        #expect(error?.kind == .tooDeep)
        #expect(throws: Never.self) { try JSONDocument(parsing: example.text, maximumDepth: 500) }
    }

    @Test(arguments: [
        ("", JSONError(.unexpectedEnd, offset: 0)),
        ("[1, ", JSONError(.unexpectedEnd, offset: 4)),
        ("[1, x]", JSONError(.unexpectedCharacter, offset: 4)),
        ("{\"a\" 1}", JSONError(.unexpectedCharacter, offset: 5)),
        ("[1.x]", JSONError(.invalidNumber, offset: 1)),
        ("[\"ab\\q\"]", JSONError(.invalidEscape, offset: 4)),
        ("[\"ab", JSONError(.unexpectedEnd, offset: 4)),
        ("[] []", JSONError(.trailingCharacters, offset: 3)),
    ])
    func `an error says what is wrong and where`(_ text: String, _ expected: JSONError) {
        #expect(throws: expected) { try JSONDocument(parsing: Array(text.utf8)) }
    }

    @Test func `invalid UTF-8 is reported at the first byte of the sequence`() {
        #expect(throws: JSONError(.invalidUTF8, offset: 2)) {
            try JSONDocument(parsing: [0x22, 0x61, 0xE2, 0x82, 0x22])
        }
    }

    @Test func `every two-byte and three-byte sequence is accepted exactly if it is UTF-8`() {
        for first in UInt8(0x80)...0xFF {
            for second in UInt8.min...0xFF {
                expectAgreement([first, second])
                for third in [UInt8(0x00), 0x22, 0x7F, 0x80, 0xBF, 0xC0] { expectAgreement([first, second, third]) }
            }
        }
    }

    private func expectAgreement(_ bytes: [UInt8]) {
        let isText = String(validating: bytes, as: UTF8.self) != nil
        // Quotes and what must be escaped are not what this is about.
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) else { return }
        let isAccepted = (try? JSONDocument(parsing: [0x22] + bytes + [0x22])) != nil
        if isAccepted != isText { Issue.record("\(bytes): accepted \(isAccepted), UTF-8 \(isText)") }
    }

    @Test func `what ends a plain run is found at every offset within a machine word`() throws {
        for length in 0..<40 {
            let plain = [UInt8](repeating: UInt8(ascii: "x"), count: length)
            for special in [[0x5C, 0x6E], Array("\u{E9}".utf8), Array("\u{1F600}".utf8), [0x7F]] as [[UInt8]] {
                for tail in 0..<9 {
                    let text = plain + special + [UInt8](repeating: UInt8(ascii: "y"), count: tail)
                    let document = try JSONDocument(parsing: [0x22] + text + [0x22])
                    #expect(document.root.escapedText.map(Array.init) == text)
                }
            }
            for bad: UInt8 in [0x00, 0x1F, 0x80, 0xFF] {
                #expect(throws: JSONError.self) { try JSONDocument(parsing: [0x22] + plain + [bad] + plain + [0x22]) }
            }
        }
    }

    @Test func `the document gives back its text`() throws {
        let text = Array(#" {"a": [1, 2]} "#.utf8)
        #expect(try JSONDocument(parsing: text).bytes == text)
    }
}
