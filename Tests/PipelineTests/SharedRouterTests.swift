import ChatCompletions
import EventLoop
import Partitions
import ProviderAPI
import Routing
import Testing

@testable import Pipeline

@Suite struct SharedRouterTests {
    @RequestPath
    private func fixture(slots: Int) -> PipelineFixture {
        var deployment = Deployment.sample("haiku")
        deployment.maxParallelRequests = slots
        return PipelineFixture(deployments: [deployment]) { $0.onCapacityExhausted = .wait }
    }

    @Test @RequestPath func `tokens are weighed as a request or the latest configuration wants`() {
        let router = PipelineFixture().router
        let request = RoutingRequest(model: "claude-3")
        #expect(!router.weighsTokens(of: request))

        var byTokens = request
        byTokens.routingStrategy = .usageBased
        #expect(router.weighsTokens(of: byTokens))

        var limited = Deployment.sample("haiku")
        limited.limits.tokensPerMinute = 1000
        router.reconfigure(settings: RouterSettings(), deployments: [limited])
        #expect(router.weighsTokens(of: request))
        router.reconfigure(settings: RouterSettings(), deployments: [.sample("haiku")])
        #expect(!router.weighsTokens(of: request))
    }

    @Test @RequestPath func `requests beyond the slots wait their turn and are answered in order`() async throws {
        let fixture = fixture(slots: 1)
        let gate = Gate()
        fixture.provider.answer = { attempt throws(ProviderError) in
            await gate.pass()
            return .sample(model: attempt.model)
        }
        let requests = (0..<5).map { offset in
            Task { @RequestPath in try await fixture.handler.handle(.request(PipelineFixture.body, offset: offset)) }
        }
        await gate.untilWaiting(1)
        #expect(fixture.router.heldCount == 4)
        #expect(fixture.provider.calls.count == 1)

        gate.open()
        for request in requests { try await request.value }

        #expect(fixture.router.heldCount == 0)
        let sources = fixture.publisher.published.compactMap { $0.text("x-relay-source") }
        #expect(sources == (0..<5).map { "chat.requests/3/\($0)" })
    }

    @Test @RequestPath func `held requests keep none waiting that a free deployment can serve`() async throws {
        var (busy, free) = (Deployment.sample("haiku"), Deployment.sample("sonnet"))
        busy.maxParallelRequests = 1
        (busy.tags, free.tags) = (["x"], ["y"])
        let fixture = PipelineFixture(deployments: [busy, free]) {
            $0.onCapacityExhausted = .wait
            $0.enableTagFiltering = true
        }
        let gate = Gate()
        fixture.provider.answer = { attempt throws(ProviderError) in
            if attempt.deployment == busy.id { await gate.pass() }
            return .sample(model: attempt.model)
        }
        func send(_ tag: String, _ offset: Int64) -> Task<Void, any Error> {
            let body = PipelineFixture.body.dropLast() + #","metadata":{"tags":["\#(tag)"]}}"#
            return Task { @RequestPath in
                try await fixture.handler.handle(.request(String(body), offset: offset))
            }
        }
        let held = [send("x", 0), send("x", 1)]
        await gate.untilWaiting(1)
        #expect(fixture.router.heldCount == 1)

        try await send("y", 2).value
        #expect(fixture.publisher.published.compactMap { $0.text("x-relay-source") } == ["chat.requests/3/2"])

        gate.open()
        for request in held { try await request.value }
        #expect(fixture.router.heldCount == 0)
    }

    @Test @RequestPath func `a held request that is given up lets the next one go on`() async throws {
        let fixture = fixture(slots: 1)
        let gate = Gate()
        fixture.provider.answer = { attempt throws(ProviderError) in
            await gate.pass()
            return .sample(model: attempt.model)
        }
        let now = EventLoop.shared.now.unixMilliseconds
        let first = Task { @RequestPath in try await fixture.handler.handle(.request(PipelineFixture.body, offset: 0)) }
        await gate.untilWaiting(1)
        let soon = [("deadline", Array(String(now + 30).utf8))]
        let expired = Task { @RequestPath in
            try await fixture.handler.handle(.request(PipelineFixture.body, headers: soon, offset: 1))
        }
        let last = Task { @RequestPath in try await fixture.handler.handle(.request(PipelineFixture.body, offset: 2)) }
        try await expired.value
        #expect(fixture.publisher.records(on: "replies").first?.text("x-relay-status") == "504")

        gate.open()
        try await first.value
        try await last.value

        #expect(fixture.provider.calls.count == 2)
        #expect(fixture.router.heldCount == 0)
    }
}
