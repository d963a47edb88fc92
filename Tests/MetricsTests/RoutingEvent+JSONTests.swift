import JSON
import Metrics
import Testing

@Suite struct RoutingEventJSONTests {
    @Test func `an event has the contract's fields in the contract's order`() {
        let text = String(decoding: RoutingEvent.sample().json(), as: UTF8.self)
        #expect(
            text == #"{"schema":"bedrock-relay.routing.v1","time":"2026-01-01T00:00:00.000Z","instance":"host-1234","#
                + #""correlation_id":"c-1","source":{"topic":"chat.requests","partition":0,"offset":17},"#
                + #""model_group":"claude-3","strategy":"simple-shuffle","outcome":"success","status":200,"stream":false,"#
                + #""deployment":{"id":"d-1","model":"anthropic.claude-3-haiku-20240307-v1:0","region":"us-east-1"},"#
                + #""attempts":[{"model_group":"claude-3","deployment_id":"d-1","#
                + #""model":"anthropic.claude-3-haiku-20240307-v1:0","region":"us-east-1","status":200,"#
                + #""error_type":null,"started_ms":3.0,"latency_ms":412.5,"time_to_first_token_ms":null,"#
                + #""cooldown_s":null}],"retries":0,"fallbacks":0,"#
                + #""usage":{"prompt_tokens":12,"completion_tokens":40,"total_tokens":52,"#
                + #""cache_read_tokens":0,"cache_write_tokens":0},"cost_usd":5.3e-05,"#
                + #""latency_ms":{"queue":1.8,"wait":0.0,"upstream":412.5,"overhead":0.4,"total":414.7}}"#)
    }

    @Test func `what a refused request does not have is null`() throws {
        var event = RoutingEvent.sample(
            group: nil, outcome: .invalid, status: 400, attempts: [], deployment: nil, tokens: nil, cost: nil)
        event.strategy = nil

        let root = try JSONDocument(parsing: event.json()).root

        for key in ["model_group", "strategy", "deployment", "usage", "cost_usd"] {
            #expect(root[key]?.isNull == true, "\(key)")
        }
        #expect(root["attempts"]?.elements.count == 0)
        #expect(root["outcome"]?.string == "invalid")
    }

    @Test func `a failed attempt tells its error and cool-down`() throws {
        let failed = RoutingEvent.Attempt.sample(
            status: 429, errorType: "RateLimitError", timeToFirstToken: .microseconds(1234), cooldown: .seconds(5))
        let root = try JSONDocument(
            parsing: RoutingEvent.sample(attempts: [failed, .sample(deployment: "d-2")]).json()
        )
        .root
        let first = root["attempts"]?.elements.first { _ in true }
        #expect(root["attempts"]?.elements.count == 2)
        #expect(first?["error_type"]?.string == "RateLimitError")
        #expect(first?["cooldown_s"]?.double == 5)
        #expect(first?["time_to_first_token_ms"]?.double == 1.234)
    }

    @Test func `names from requests are escaped`() throws {
        var event = RoutingEvent.sample(group: "a\"b\n\u{0}")
        event.correlationID = "\\\u{1F600}"
        let root = try JSONDocument(parsing: event.json()).root
        #expect(root["model_group"]?.string == "a\"b\n\u{0}")
        #expect(root["correlation_id"]?.string == "\\\u{1F600}")
    }

    @Test func `overhead is the rest, and never negative`() {
        var latency = RoutingEvent.Latency(
            queue: .seconds(1), wait: .seconds(2), upstream: .seconds(3), total: .seconds(7))
        #expect(latency.overhead == .seconds(1))
        latency.total = .seconds(5)
        #expect(latency.overhead == .zero)
    }
}
