import Testing

@testable import Simulator

@Suite struct ConverseBodyTests {
    private func lastText(_ json: String) -> String? { lastText(Array(json.utf8)) }

    private func lastText(_ json: [UInt8]) -> String? {
        json.withUnsafeBytes { ConverseBody($0)?.lastUserText.text }
    }

    @Test(arguments: [
        "{}", " {\"a\" : [1, -2.5e3, true, false, null, \"\\\"\", {}, []]}\n", #"{"messages":[]}"#, #"{"messages":7}"#,
        #"{"messages":[1,{"role":1,"content":"x"},{"role":"user","content":[1,{"text":1}]}]}"#,
    ])
    func `a JSON object is accepted`(json: String) {
        #expect(lastText(json) == "")
    }

    @Test(arguments: [
        "", "[]", "1", "{", "{}}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":tru}", "{\"a\":\"b}", "{'a':1}",
        "{a:1}",
        "{\"a\":[1 2]}", "{\"a\":\"\n\"}", "{\"messages\":[{\"role\":\"user\",]}", "nonsense", "{\"a\":\"\\",
    ])
    func `anything else is refused`(json: String) {
        #expect(lastText(json) == nil)
    }

    @Test func `nesting that would exhaust the stack is refused`() {
        #expect(lastText("{\"a\":" + String(repeating: "[", count: 100_000)) == nil)
        #expect(lastText(String(repeating: "{\"a\":", count: 100_000)) == nil)
    }

    @Test func `cut and damaged bodies are never read beyond their end`() {
        let body = Array(
            #"{"messages":[{"role":"user","content":[{"text":"a\u0041b"},{"text":"c"}]}],"x":[1,2.5]}"#.utf8)
        #expect(lastText(body) == "c")
        for length in 0..<body.count { #expect(lastText(Array(body[..<length])) == nil) }
        var random = SeededBytes(seed: 3)
        for _ in 0..<5000 {
            var damaged = body
            damaged[Int(random.next()) % body.count] = random.next()
            _ = lastText(damaged)
        }
    }
}
