import Foundation
import Simulator
import Testing

/// What scripts make the simulator do, seen by a client.
@Suite struct BedrockSimulatorTests {
    private func probe(_ script: ModelScript) throws -> (BedrockSimulator, HTTPProbe) {
        let simulator = try BedrockSimulator()
        simulator.setScript(script)
        return (simulator, try HTTPProbe(simulator))
    }

    @Test func `an answer has all that Bedrock's has`() throws {
        let script = ModelScript(
            latency: .fixed(.milliseconds(3)), inputTokens: .fixed(12), outputTokens: .fixed(40),
            text: .fixed("a \"quoted\" word\n"), stopReason: "max_tokens")
        let (simulator, probe) = try probe(script)
        let answer = try probe.converse("anthropic.claude-3-haiku-20240307-v1%3A0")
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "application/json")
        #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
        #expect(answer.headers["x-amzn-requestid"]?.count == 36)
        #expect(
            answer.body == #"{"metrics":{"latencyMs":3},"output":{"message":{"content":[{"text":"#
                + #""a \"quoted\" word\u000a"}],"role":"assistant"}},"stopReason":"max_tokens","#
                + #""usage":{"inputTokens":12,"outputTokens":40,"totalTokens":52}}"#)
        #expect(simulator.journal.counts == ["anthropic.claude-3-haiku-20240307-v1:0": ["200": 1]])
    }

    @Test func `an echo is the last user text, escapes and all`() throws {
        let (_, probe) = try probe(ModelScript(text: .echo))
        let body =
            #"{"system":[{"text":"s"}],"messages":[{"content":[{"text":"one"}],"role":"user"},"#
            + #"{"role":"user","content":[{"image":{"format":"png"}},{"text":"tw\u00f6 \"2\""}]},"#
            + #"{"role":"assistant","content":[{"text":"three"}]}]}"#
        try probe.send(ConverseText.request(body: body))
        #expect(try probe.receive().body.contains(#"[{"text":"tw\u00f6 \"2\""}]"#))
    }

    @Test func `statuses follow each other and the last one stays`() throws {
        let (simulator, probe) = try probe(
            ModelScript(
                steps: [.answer(status: 429), .answer(status: 503, errorType: "ModelNotReadyException"), .answer()],
                failureHeaders: [.init(name: "Retry-After", value: "1")]))
        let throttled = try probe.converse()
        #expect(throttled.status == 429)
        #expect(throttled.headers["x-amzn-errortype"]?.hasPrefix("ThrottlingException:") == true)
        #expect(throttled.headers["retry-after"] == "1")
        #expect(throttled.body.contains("please wait"))
        #expect(try probe.converse().headers["x-amzn-errortype"]?.hasPrefix("ModelNotReadyException") == true)
        for _ in 0..<3 { #expect(try probe.converse().status == 200) }
        #expect(simulator.journal.counts["m"] == ["429": 1, "503": 1, "200": 3])
    }

    @Test func `each model goes through its script by itself`() throws {
        let (_, probe) = try probe(ModelScript(steps: [.answer(status: 500), .answer()], repeatsAllSteps: true))
        #expect(try ["a", "b", "a", "b", "a"].map { try probe.converse($0).status } == [500, 500, 200, 200, 500])
    }

    @Test func `a script can be changed while it runs`() throws {
        let (simulator, probe) = try probe(ModelScript())
        #expect(try probe.converse().status == 200)
        simulator.setScript(ModelScript(steps: [.answer(status: 404)]), for: "m")
        #expect(try probe.converse().status == 404)
        try probe.send("POST /simulator/script HTTP/1.1\r\nContent-Length: 15\r\n\r\n[m]\nsteps = 503")
        #expect(try probe.receive().status == 200)
        #expect(try probe.converse().status == 503)
        try probe.send("POST /simulator/script HTTP/1.1\r\nContent-Length: 15\r\n\r\n[m]\nsteps = 5xx")
        let refused = try probe.receive()
        #expect(refused.status == 400)
        #expect(refused.body.hasPrefix("line 2: steps: '5xx' is not a step"))
    }

    @Test func `a reset is seen as a reset`() throws {
        let (_, probe) = try probe(ModelScript(steps: [.reset]))
        #expect(throws: HTTPProbe.Failure.reset) { try probe.converse() }
    }

    @Test func `a reset in the middle of the body comes after its beginning`() throws {
        let (_, probe) = try probe(ModelScript(steps: [.resetMidBody]))
        try probe.send(ConverseText.request())
        #expect(try probe.receiveHead().hasPrefix("HTTP/1.1 200"))
        #expect(throws: HTTPProbe.Failure.reset) { while !(try probe.isAtEnd()) {} }
    }

    @Test func `a truncated body ends before its declared length`() throws {
        let (_, probe) = try probe(ModelScript(steps: [.truncatedBody()]))
        #expect {
            try probe.converse()
        } throws: { error in
            if case HTTPProbe.Failure.closed(let bytes) = error { bytes > 0 } else { false }
        }
    }

    @Test func `bodies can be malformed, empty or HTML`() throws {
        let (_, probe) = try probe(
            ModelScript(steps: [.malformedBody(), .emptyBody(), .emptyBody(status: 503), .htmlBody(status: 504)]))
        let malformed = try probe.converse()
        #expect(malformed.status == 200)
        #expect((try? JSONSerialization.jsonObject(with: Data(malformed.body.utf8))) == nil)
        #expect(try probe.converse().body.isEmpty)
        #expect(try probe.converse().status == 503)
        let page = try probe.converse()
        #expect(page.status == 504)
        #expect(page.headers["content-type"] == "text/html")
        #expect(page.headers["x-amzn-errortype"] == nil)
    }

    @Test func `beyond the rate limit it throttles without using up a step`() throws {
        let (simulator, probe) = try probe(
            ModelScript(
                steps: [.answer(), .answer(status: 500)], rateLimit: .init(requests: 1, window: .seconds(3600))))
        #expect(try (0..<3).map { _ in try probe.converse().status } == [200, 429, 429])
        simulator.setScript(ModelScript(rateLimit: .init(requests: 2, window: .zero)))
        #expect(try (0..<4).map { _ in try probe.converse().status } == [200, 200, 200, 200])
    }

    @Test func `a script may close the connection after each answer`() throws {
        let (_, probe) = try probe(ModelScript(closesConnection: true))
        #expect(try probe.converse().headers["connection"] == "close")
        #expect(try probe.isAtEnd())
    }

    @Test func `a slow model answers no earlier than it says`() throws {
        let (_, probe) = try probe(ModelScript(latency: .fixed(.milliseconds(40))))
        let begin = ContinuousClock.now
        #expect(try probe.converse().status == 200)
        #expect(ContinuousClock.now - begin >= .milliseconds(40))
    }

    @Test func `two thousand requests can be in flight`() async throws {
        let (simulator, _) = try probe(ModelScript(steps: [.hang]))
        simulator.setScript(ModelScript(latency: .fixed(.seconds(2))), for: "m")
        let probes = try (0..<2000).map { _ in try HTTPProbe(simulator) }
        for probe in probes { try probe.send(ConverseText.request()) }
        for probe in probes { #expect(try probe.receive().status == 200) }
        #expect(simulator.inFlight == 0)
        #expect(simulator.journal.count("m", "200") == 2000)
    }

    @Test func `a stopped simulator lets go of its port`() throws {
        let (simulator, probe) = try probe(ModelScript())
        #expect(try probe.converse().status == 200)
        simulator.stop()
        simulator.stop()
        #expect(throws: HTTPProbe.Failure.connect) { _ = try HTTPProbe(simulator) }
        var settings = BedrockSimulator.Settings()
        settings.port = simulator.port
        let next = try BedrockSimulator(settings)
        #expect(try HTTPProbe(next).converse().status == 200)
    }

    @Test func `a port in use is refused with the system's reason`() throws {
        let simulator = try BedrockSimulator()
        var settings = BedrockSimulator.Settings()
        settings.port = simulator.port
        let error = #expect(throws: SimulatorError.self) { _ = try BedrockSimulator(settings) }
        #expect(error?.message.contains("cannot listen on 127.0.0.1:\(simulator.port)") == true)
    }
}
