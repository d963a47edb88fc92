import ChatCompletions
import Testing

@Suite struct RequestOverridesTests {
    private func overrides(_ members: String) throws -> RequestOverrides {
        try request(members).overrides
    }

    private func request(_ members: String) throws -> ChatRequest {
        let body = #"{"model":"claude-3","messages":[{"role":"user","content":"ping"}],\#(members)}"#
        return try ChatRequest(json: Array(body.utf8))
    }

    @Test func `every extra is read`() throws {
        let overrides = try overrides(
            #"""
            "num_retries":3,"timeout":1.5,"request_timeout":2,"stream_timeout":30,"disable_fallbacks":true,"max_fallbacks":2,
            "metadata":{"tags":["a","b"],"user":"u"},"allowed_model_region":"eu","routing_strategy":"least-busy",
            "mock_response":"m"
            """#)
        #expect(overrides.numRetries == 3)
        #expect(overrides.timeout == .milliseconds(1500))
        #expect(overrides.requestTimeout == .seconds(2))
        #expect(overrides.streamTimeout == .seconds(30))
        #expect(overrides.disableFallbacks)
        #expect(overrides.maxFallbacks == 2)
        #expect(overrides.tags == ["a", "b"])
        #expect(overrides.allowedModelRegion == "eu")
        #expect(overrides.routingStrategy == "least-busy")
        #expect(overrides.mockResponse == "m")
        #expect(overrides.fallbacks == nil)
    }

    @Test(arguments: [("true", true), (#""true""#, true), (#""True""#, true), ("false", false), (#""false""#, false)])
    func `mock flags are booleans or the same in a string`(_ value: String, _ isSet: Bool) throws {
        let overrides = try overrides(
            #"""
            "mock_testing_fallbacks":\#(value),"mock_testing_context_fallbacks":\#(value),
            "mock_testing_content_policy_fallbacks":\#(value),"mock_testing_rate_limit_error":\#(value)
            """#)
        #expect(overrides.mockFallbacks == isSet)
        #expect(overrides.mockContextFallbacks == isSet)
        #expect(overrides.mockContentPolicyFallbacks == isSet)
        #expect(overrides.mockRateLimitError == isSet)
    }

    @Test func `fallbacks may be groups, with or without parameters for the hop`() throws {
        let request = try request(#""fallbacks":["b",{"model":"c"},{"model":"d","temperature":0}]"#)
        let expected = [
            RequestOverrides.FallbackTarget(group: "b"), .init(group: "c"), .init(group: "d", parameterEntry: 2),
        ]
        #expect(request.overrides.fallbacks == .targets(expected))
        #expect(request.overrides.fallbacks?.targets(for: "claude-3") == expected)
        #expect(request.fallbackParameters(entry: 2)?["temperature"]?.double == 0)
        #expect(request.fallbackParameters(entry: 3) == nil)
        #expect(request.fallbackParameters(entry: -1) == nil)
    }

    @Test func `fallbacks may have the form of the configuration`() throws {
        let fallbacks = try overrides(#""fallbacks":[{"a":["b","c"]},{"*":["d"]}]"#).fallbacks
        #expect(fallbacks?.targets(for: "a").map(\.group) == ["b", "c"])
        #expect(fallbacks?.targets(for: "alias", "a").map(\.group) == ["b", "c"])
        #expect(fallbacks?.targets(for: "other").map(\.group) == ["d"])
        let one = try overrides(#""fallbacks":[{"a":["b"]}]"#).fallbacks
        #expect(one?.targets(for: "other") == [])
        let model = try overrides(#""fallbacks":[{"model":["b"]}]"#).fallbacks
        #expect(model?.targets(for: "model").map(\.group) == ["b"])
    }

    @Test func `an empty list of fallbacks is not the same as none given`() throws {
        #expect(try overrides(#""fallbacks":[]"#).fallbacks == .targets([]))
        #expect(try overrides(#""context_window_fallbacks":[]"#).contextWindowFallbacks == [])
        #expect(try overrides(#""n":1"#).contextWindowFallbacks == nil)
    }

    @Test func `context window and content policy lists are read by group`() throws {
        let overrides = try overrides(
            #""context_window_fallbacks":[{"a":["b"]}],"content_policy_fallbacks":[{"a":["c"],"b":["d"]}]"#)
        #expect(overrides.contextWindowFallbacks == [.init(group: "a", targets: ["b"])])
        #expect(
            overrides.contentPolicyFallbacks == [.init(group: "a", targets: ["c"]), .init(group: "b", targets: ["d"])])
    }

    @Test(arguments: [
        (#""num_retries":"3""#, "num_retries"), (#""num_retries":-1"#, "num_retries"),
        (#""num_retries":1.5"#, "num_retries"),
        (#""timeout":"1""#, "timeout"), (#""timeout":0"#, "timeout"), (#""stream_timeout":-1"#, "stream_timeout"),
        (#""request_timeout":[]"#, "request_timeout"), (#""fallbacks":"b""#, "fallbacks"),
        (#""fallbacks":[1]"#, "fallbacks[0]"),
        (#""fallbacks":["a",{}]"#, "fallbacks[1].model"), (#""fallbacks":[""]"#, "fallbacks[0]"),
        (#""fallbacks":[{"a":"b"}]"#, "fallbacks[0].a"), (#""fallbacks":[{"a":["b"]},"c"]"#, "fallbacks[1]"),
        (#""fallbacks":[{"model":"a"},{"model":1}]"#, "fallbacks[1].model"),
        (#""context_window_fallbacks":{"a":["b"]}"#, "context_window_fallbacks"),
        (#""content_policy_fallbacks":["a"]"#, "content_policy_fallbacks[0]"),
        (#""context_window_fallbacks":[{"a":[1]}]"#, "context_window_fallbacks[0].a"),
        (#""disable_fallbacks":"yes""#, "disable_fallbacks"), (#""max_fallbacks":true"#, "max_fallbacks"),
        (#""metadata":"x""#, "metadata"), (#""metadata":{"tags":"x"}"#, "metadata.tags"),
        (#""metadata":{"tags":[1]}"#, "metadata.tags"), (#""allowed_model_region":1"#, "allowed_model_region"),
        (#""routing_strategy":{}"#, "routing_strategy"), (#""mock_testing_fallbacks":"yes""#, "mock_testing_fallbacks"),
        (#""mock_testing_rate_limit_error":1"#, "mock_testing_rate_limit_error"),
    ])
    func `an extra of the wrong form is refused by its name`(_ member: String, _ param: String) {
        let failure = #expect(throws: RequestFailure.self) { try overrides(member) }
        #expect(failure?.status == 400)
        #expect(failure?.param == param)
        #expect(failure?.message.contains("'\(param)'") ?? false)
    }

    @Test func `lists that every decision goes through are short, and so are names and retries`() {
        let many = { (entry: String) in "[" + Array(repeating: entry, count: 257).joined(separator: ",") + "]" }
        let long = "\"" + String(repeating: "x", count: 4097) + "\""
        let cases = [
            (#""fallbacks":\#(many(#""b""#))"#, "fallbacks"), (#""fallbacks":\#(many(#"{"a":["b"]}"#))"#, "fallbacks"),
            (#""fallbacks":[{"a":\#(many(#""b""#))}]"#, "fallbacks[0].a"), (#""fallbacks":[\#(long)]"#, "fallbacks[0]"),
            (#""metadata":{"tags":\#(many(#""t""#))}"#, "metadata.tags"), (#""model":\#(long)"#, "model"),
            (#""num_retries":1001"#, "num_retries"), (#""num_retries":9223372036854775807"#, "num_retries"),
        ]
        for (member, param) in cases {
            let failure = #expect(throws: RequestFailure.self) { try overrides(member) }
            #expect(failure?.param == param && failure?.status == 400)
            #expect(failure.map { $0.message.utf8.count < 200 && $0.message.contains("at most") } == true)
        }
    }

    @Test func `a timeout beyond all measure is only long`() throws {
        #expect(try overrides(#""timeout":1e300"#).timeout == .seconds(1_000_000_000))
    }
}
