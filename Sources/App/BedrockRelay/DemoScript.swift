import EventLoop
import JSON
import Time

/// What the demo does with each route, and what must come of it.
@RequestPath
struct DemoScript {
    let stage: DemoStage
    let terminal: Terminal

    func play() async throws -> DemoOutcome {
        switch stage.route {
        case .loadBalancing: try await loadBalancing()
        case .fallbacks: try await fallbacks()
        case .rateLimitAware: try await rateLimitAware()
        case .latencyBased: try await latencyBased()
        }
    }

    private func loadBalancing() async throws -> DemoOutcome {
        var counts: [String: Int] = [:]
        for number in 1...10 {
            let exchange = try await ask("claude-3", "Question \(number)", why: "a random pick")
            counts[ModelName.short(exchange.event.model ?? "none"), default: 0] += 1
        }
        guard counts.count == 2 else { throw DemoFailure("only \(counts.keys.joined(separator: ", ")) was used") }
        let shares = counts.sorted { $0.key < $1.key }.map { "\($0.value) to \($0.key)" }
        return DemoOutcome(
            requests: 10, isAsPromised: true, summary: "10 requests, \(shares.joined(separator: " and "))")
    }

    private func fallbacks() async throws -> DemoOutcome {
        // allowed_fails: 3 in the sample: the fourth failure within a minute starts the cool-down.
        for number in 1...4 {
            let exchange = try await ask("claude-3-sonnet", "Question \(number)", why: "the first model failed")
            try expect(exchange.event.attempts.map(\.status) == [404, 200], "expected a 404, then an answer")
            try expect(exchange.event.fallbacks == 1, "expected one fallback")
        }
        let cooled = try await ask(
            "claude-3-sonnet", "Question 5", why: "the first cools down: more than allowed_fails: 3")
        try expect(cooled.event.attempts.map(\.status) == [200], "expected no call to the broken model")
        let healthy = try await ask("claude-3-haiku", "A healthy group", why: "asked for by name")
        try expect(healthy.event.fallbacks == 0, "expected no fallback")
        let mocked = try await ask(
            "claude-3-sonnet", "Test my fallbacks", why: "mock_testing_fallbacks in the request", extra: .mockFallbacks)
        try expect(mocked.event.fallbacks == 1, "expected one fallback")
        return DemoOutcome(
            requests: 7, isAsPromised: true, summary: "7 requests, 7 answers, 6 of them by the fallback")
    }

    private func rateLimitAware() async throws -> DemoOutcome {
        try await awayFromMinuteEnd()
        var statuses: [Int] = []
        for number in 1...12 {
            let exchange = try await ask(
                "claude-3-sonnet", "Question \(number)", why: "\(min(number, 10)) of 10 this minute",
                extra: .noRetries)
            statuses.append(exchange.reply.status)
        }
        try expect(statuses.prefix(10).allSatisfy { $0 == 200 }, "expected ten answers")
        try expect(statuses.suffix(2).allSatisfy { $0 == 429 }, "expected two refusals")
        let other = try await ask(
            "claude-3-haiku", "Another group", why: "its own limit: 1 of 1 this minute",
            extra: .noRetries)
        try expect(other.reply.status == 200, "expected an answer")
        return DemoOutcome(
            requests: 13, isAsPromised: true,
            summary:
                "10 of 12 admitted, 2 refused (relay.on_capacity_exhausted: wait would hold them until the minute ends)"
        )
    }

    private func latencyBased() async throws -> DemoOutcome {
        var models: [String] = []
        for number in 1...12 {
            let exchange = try await ask(
                "claude-3", "Question \(number)", why: number > 2 ? "the lowest latency so far" : "not measured yet")
            models.append(ModelName.short(exchange.event.model ?? "none"))
        }
        let settled = Set(models.suffix(8))
        try expect(settled == ["claude-3-haiku"], "the last 8 went to \(settled.sorted().joined(separator: ", "))")
        return DemoOutcome(
            requests: 12, isAsPromised: true, summary: "12 requests, the last 8 all to claude-3-haiku, the fast one")
    }

    /// Limits are per calendar minute: a run across its end would be allowed more.
    private func awayFromMinuteEnd() async throws {
        let loop = EventLoop.shared
        let second = Int(loop.now.unixMilliseconds / 1000) % 60
        guard second >= 53 else { return }
        terminal.line("  (waiting \(60 - second) s for the next minute to begin, since limits are per minute)")
        try await loop.sleep(until: loop.now.advanced(by: .seconds(60 - second)))
    }

    /// LiteLLM's per-request extras that the demo uses.
    private enum Extra {
        case mockFallbacks
        /// A refusal is the answer at once, instead of being tried again when the minute ends.
        case noRetries
    }

    private func ask(
        _ model: String, _ text: String, why: String, extra: Extra? = nil
    ) async throws -> DemoStage.Exchange {
        let body = ChatBody.make(model: model, text: text) { writer in
            switch extra {
            case .mockFallbacks: writer.member("mock_testing_fallbacks", true)
            case .noRetries: writer.member("num_retries", 0)
            case nil: break
            }
        }
        let exchange = try await stage.exchange(body)
        show(exchange, model, text, why)
        return exchange
    }

    private func show(_ exchange: DemoStage.Exchange, _ model: String, _ text: String, _ why: String) {
        let question = "  \(model.padded(to: 15)) \"\(text)\"".padded(to: 42)
        guard exchange.reply.status == 200 else {
            let reason = exchange.reply.text ?? "no message"
            terminal.line(question + terminal.styled("\(exchange.reply.status) ", .yellow) + reason)
            return
        }
        let time = "\(Int(exchange.event.upstreamMilliseconds.rounded())) ms"
        terminal.line(
            question + terminal.styled(exchange.event.path.padded(to: 50), .cyan) + time.padded(to: 8)
                + terminal.styled(why, .dim))
    }

    private func expect(_ condition: Bool, _ message: String) throws {
        if !condition { throw DemoFailure(message) }
    }
}
