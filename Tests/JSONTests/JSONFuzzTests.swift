import Foundation
import JSON
import TestSupport
import Testing

/// Random, mutated and truncated texts: nothing traps, and what is accepted is what Foundation accepts.
@Suite struct JSONFuzzTests {
    private static let samples = [
        #"{"model":"claude-3","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"Grüße \"x\"\n\u00e9 \ud83d\ude00 你好 😀"}],"temperature":0.25,"max_tokens":1e2,"stream":false,"stop":null}"#,
        #"[0,-0,1.5,-2.25e-10,1E+5,true,false,null,"",[],{},[[[]]],{"a":{"b":[{"c":"\\\"\/\b\f\n\r\t"}]}}]"#,
        #" { "k" : [ 1 , 2 , { "x" : "y" } ] , "" : "" , "tab\t" : 12345678901234567890 } "#,
    ].map { Array($0.utf8) }

    @Test func `a text cut anywhere is rejected`() throws {
        for sample in Self.samples {
            let trimmed = Array(String(decoding: sample, as: UTF8.self).trimmingCharacters(in: .whitespaces).utf8)
            for length in 0..<trimmed.count {
                #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(trimmed[..<length])) }
            }
            _ = try JSONDocument(parsing: trimmed)
        }
    }

    @Test func `mutated texts are accepted exactly when Foundation accepts them`() {
        var random = SeededGenerator(seed: 0x5EED)
        var accepted = 0
        for round in 0..<30_000 {
            var text = Self.samples[round % Self.samples.count]
            for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&text, &random) }
            if compare(text) { accepted += 1 }
        }
        #expect(accepted > 1000)  // else the mutations are too coarse to test anything
    }

    @Test func `texts of random tokens are accepted exactly when Foundation accepts them`() {
        let tokens = [
            "[", "]", "{", "}", ",", ":", "\"", "\"a\"", "\"\\u00e9\"", "1", "-", "0", ".", "e", "E+", "true", "null",
            " ",
            "\\", "\n", "é",
        ].map { Array($0.utf8) }
        var random = SeededGenerator(seed: 0xF00D)
        for _ in 0..<30_000 {
            let count = Int.random(in: 1...7, using: &random)
            let text = (0..<count).flatMap { _ in tokens[Int.random(in: 0..<tokens.count, using: &random)] }
            compare(text)
        }
    }

    @Test func `random bytes never trap`() {
        var random = SeededGenerator(seed: 0xBAD)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            if let document = try? JSONDocument(parsing: bytes) { _ = visit(document.root) }
            if let document = try? JSONDocument(parsing: [0x22] + bytes + [0x22]) { _ = visit(document.root) }
            _ = unescape(bytes)
        }
    }

    @Test func `what is accepted reads as Foundation reads it`() throws {
        for sample in Self.samples {
            let ours = copy(try JSONDocument(parsing: sample).root)
            let first = try JSONSerialization.jsonObject(with: Data(sample), options: .fragmentsAllowed)
            let second = try JSONSerialization.jsonObject(with: Data(ours), options: .fragmentsAllowed)
            #expect((first as? NSObject) == (second as? NSObject))
        }
    }

    /// Whether we accept `text`, having checked that Foundation does the same.
    @discardableResult
    private func compare(_ text: [UInt8]) -> Bool {
        let document = try? JSONDocument(parsing: text)
        if let document { _ = visit(document.root) }
        guard !Self.isKnownDifference(text) else { return document != nil }
        let theirs = (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
        if (document != nil) != theirs {
            Issue.record(
                "ours \(document != nil), Foundation \(theirs): \(String(decoding: text, as: UTF8.self)) \(text)")
        }
        return document != nil
    }

    /// Where Foundation decides otherwise: other encodings and byte order marks, escaped surrogates without a partner,
    /// numbers beyond Double, and commas after the last member or element.
    private static func isKnownDifference(_ text: [UInt8]) -> Bool {
        if hasTrailingComma(text) { return true }
        if text.contains(0) || [0xEF, 0xFE, 0xFF].contains(text.first ?? 0) { return true }
        let string = String(decoding: text, as: UTF8.self).lowercased()
        if string.contains("\\ud") { return true }
        return string.contains("e") && (try? JSONDocument(parsing: text)).map { hasUnrepresentable($0.root) } ?? false
    }

    /// Whether a comma stands before a closing brace or bracket; they differ in one bit.
    private static func hasTrailingComma(_ text: [UInt8]) -> Bool {
        text.indices.contains { index in
            text[index] == UInt8(ascii: ",")
                && text[(index + 1)...].first { !" \n\r\t".utf8.contains($0) }.map { $0 | 0x20 } == UInt8(ascii: "}")
        }
    }

    private static func hasUnrepresentable(_ value: JSONValue) -> Bool {
        if value.isNumber { return value.double == nil }
        return value.elements.contains { hasUnrepresentable($0) }
            || value.members.contains { hasUnrepresentable($0.value) }
    }

    /// Touches everything a value offers.
    private func visit(_ value: JSONValue) -> Int {
        var sum = value.source.count + (value.string?.count ?? 0) + (value.integer ?? 0) % 2
        if value.isBlankString || value.isString("x") || value.double == 0.5 { sum += 1 }
        for element in value.elements { sum += visit(element) }
        for member in value.members { sum += visit(member.key) + visit(member.value) }
        return sum + (value["a"]?.source.count ?? 0)
    }

    /// `value` written anew, strings through their text.
    private func copy(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter()
        write(value, to: &writer)
        return writer.finish()
    }

    private func write(_ value: JSONValue, to json: inout JSONWriter) {
        switch value.kind {
        case .object:
            json.beginObject()
            for member in value.members {
                json.key(text: member.key.string ?? "")
                write(member.value, to: &json)
            }
            json.endObject()
        case .array:
            json.beginArray()
            for element in value.elements { write(element, to: &json) }
            json.endArray()
        case .string: json.string(value.string ?? "")
        case .number: json.source(value.source)
        case .bool: json.bool(value.bool ?? false)
        case .null: json.null()
        }
    }

    private static func mutate(_ text: inout [UInt8], _ random: inout SeededGenerator) {
        let at = Int.random(in: 0..<text.count, using: &random)
        let interesting = Array(#"{}[]:,"\0123456789eE+-. tfnu/ab"#.utf8) + [0x0A, 0x1F, 0x7F, 0x80, 0xC3, 0xE9, 0xF0]
        let byte = interesting[Int.random(in: 0..<interesting.count, using: &random)]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: text[at] = byte
        case 1: text.insert(byte, at: at)
        case 2: text.remove(at: at)
        case 3: text.swapAt(at, Int.random(in: 0..<text.count, using: &random))
        default: text.insert(text[at], at: at)
        }
    }
}
