import Testing

@testable import Simulator

@Suite struct ScriptEntryTests {
    @Test func `an argument names a model with colons and sets keys`() throws {
        let entry = try ScriptEntry(
            argument:
                "anthropic.claude-v1:0:steps=429*2,hang,200,latency=20..200ms,text=Hello, world,header=retry-after: 3")
        #expect(entry.pattern == "anthropic.claude-v1:0")
        #expect(entry.script.steps == [.answer(status: 429), .answer(status: 429), .hang, .answer()])
        #expect(entry.script.latency == .uniform(.milliseconds(20)...(.milliseconds(200))))
        #expect(entry.script.text == .fixed("Hello, world"))
        #expect(entry.script.failureHeaders == [.init(name: "retry-after", value: "3")])
    }

    @Test func `a file has a section per model`() throws {
        let entries = try ScriptEntry.list(
            text: """
                # comment
                [*]
                latency = 200ms~2s

                [anthropic.*]
                steps = html/503, reset-mid-body, 429/ModelNotReadyException
                repeat = all
                text = @echo
                input-tokens = 7
                output-tokens = estimate
                stop-reason = tool_use
                error-type = Odd
                message = a = b
                rate-limit = 10/60s
                close = yes
                seed = 9
                """)
        #expect(entries.map(\.pattern) == ["*", "anthropic.*"])
        #expect(entries[0].script.latency == .logNormal(median: .milliseconds(200), p99: .seconds(2)))
        let expected = ModelScript(
            steps: [
                .htmlBody(status: 503), .resetMidBody, .answer(status: 429, errorType: "ModelNotReadyException"),
            ],
            repeatsAllSteps: true, inputTokens: .fixed(7), outputTokens: .estimated, text: .echo,
            stopReason: "tool_use", errorType: "Odd", errorMessage: "a = b", closesConnection: true,
            rateLimit: .init(requests: 10, window: .seconds(60)), seed: 9)
        #expect(entries[1].script == expected)
    }

    @Test func `carriage returns before line ends do no harm`() throws {
        let entries = try ScriptEntry.list(text: "[a]\r\nsteps = 503\r\n\r\n[b]\r\n")
        #expect(entries.map(\.pattern) == ["a", "b"])
        #expect(entries[0].script.steps == [.answer(status: 503)])
    }

    @Test(arguments: [
        ("steps = 1", "line 1: 'steps = 1' comes before the first [MODEL]"),
        ("[a]\nsteps = 99", "line 2: steps: '99' is not a step"), ("[a]\nnonsense", "line 2: 'nonsense' is neither"),
        ("[]", "line 1: '[]' names no model"), ("[a]\n\nlatncy = 1s", "line 3: unknown key 'latncy'"),
        ("[a]\nlatency = 5", "line 2: latency: '5' is not 50ms"), ("[a]\nclose = maybe", "line 2: close: 'maybe'"),
        ("[a]\nsteps = 429*0", "line 2: steps: '429*0'"), ("[a]\nsteps = hang/200", "line 2: steps: 'hang/200'"),
        ("[a]\nrate-limit = 10", "line 2: rate-limit: '10'"), ("[a]\nheader = x", "line 2: header: 'x'"),
        ("[a]\ninput-tokens = -1", "line 2: input-tokens: '-1'"), ("[a]\nsteps =", "line 2: steps: ''"),
    ])
    func `mistakes are told with their line`(text: String, message: String) {
        let error = #expect(throws: ScriptError.self) { _ = try ScriptEntry.list(text: text) }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test(arguments: ["", "m", "m:", "m:latency", ":latency=1ms", "latency=1ms"])
    func `an argument without model or keys is refused`(argument: String) {
        #expect(throws: ScriptError.self) { _ = try ScriptEntry(argument: argument) }
    }

    @Test(arguments: [
        ("*", "", true), ("*", "anything", true), ("a*c", "abc", true), ("a*c", "ac", true), ("a*c", "abcd", false),
        ("a*b*c", "a-b-b-c", true), ("*haiku*", "claude-3-haiku-v1", true), ("abc", "abc", true), ("abc", "ab", false),
        ("", "a", false), ("*.v1", "x.v1.v1", true),
    ])
    func `a star stands for any run of characters`(pattern: String, model: String, matches: Bool) {
        #expect(ScriptEntry(pattern, ModelScript()).matches(model) == matches)
    }
}
