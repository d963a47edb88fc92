import Metrics
import Time

extension RoutingEvent {
    /// The contract's own example, with hooks for what a test is about.
    static func sample(
        group: String? = "claude-3", outcome: Outcome = .success, status: Int = 200, attempts: [Attempt] = [.sample()],
        deployment: Deployment? = .sample(), tokens: Tokens? = Tokens(prompt: 12, completion: 40, total: 52),
        cost: Double? = 0.000053, retries: Int = 0, fallbacks: Int = 0
    ) -> RoutingEvent {
        RoutingEvent(
            time: Instant(unixMilliseconds: 1_767_225_600_000), instance: "host-1234", correlationID: "c-1",
            source: Source(topic: "chat.requests", partition: 0, offset: 17), modelGroup: group,
            strategy: "simple-shuffle", outcome: outcome, status: status, deployment: deployment, attempts: attempts,
            retries: retries, fallbacks: fallbacks, tokens: tokens, cost: cost,
            latency: Latency(
                queue: .microseconds(1800), wait: .zero, upstream: .microseconds(412_500), total: .microseconds(414_700)
            ))
    }
}

extension RoutingEvent.Deployment {
    static func sample(_ id: String = "d-1") -> Self {
        Self(id: id, model: "anthropic.claude-3-haiku-20240307-v1:0", region: "us-east-1")
    }
}

extension RoutingEvent.Attempt {
    static func sample(
        group: String = "claude-3", deployment: String = "d-1", status: Int = 200, errorType: String? = nil,
        timeToFirstToken: Duration? = nil, cooldown: Duration? = nil
    ) -> Self {
        Self(
            modelGroup: group, deployment: .sample(deployment), status: status, errorType: errorType,
            started: .milliseconds(3), latency: .microseconds(412_500), timeToFirstToken: timeToFirstToken,
            cooldown: cooldown)
    }
}
