import Metrics
import Testing

@Suite struct RelayMetricsTests {
    private func lines(_ metrics: RelayMetrics, gauges: GaugeSnapshot = GaugeSnapshot()) -> Set<String> {
        let text = String(decoding: metrics.prometheusText(gauges: gauges), as: UTF8.self)
        return Set(text.split(separator: "\n").map { String($0.replacing("bedrock_relay_", with: "")) })
    }

    @Test func `a finished request counts once in each of its metrics`() {
        var metrics = RelayMetrics(modelGroups: ["claude-3"])
        metrics.record(.sample())
        metrics.record(.sample())

        let lines = lines(metrics)
        let labels = #"model_group="claude-3",deployment="d-1""#
        #expect(lines.contains(#"requests_total{model_group="claude-3",outcome="success",status="200"} 2"#))
        #expect(lines.contains(#"attempts_total{\#(labels),status="200"} 2"#))
        #expect(lines.contains(#"tokens_total{\#(labels),kind="prompt"} 24"#))
        #expect(lines.contains(#"tokens_total{\#(labels),kind="completion"} 80"#))
        #expect(lines.contains(#"cost_dollars_total{\#(labels)} 0.000106"#))
        #expect(lines.contains(#"request_duration_seconds_bucket{model_group="claude-3",le="0.25"} 0"#))
        #expect(lines.contains(#"request_duration_seconds_bucket{model_group="claude-3",le="0.5"} 2"#))
        #expect(lines.contains(#"request_overhead_seconds_bucket{model_group="claude-3",le="0.0005"} 2"#))
        #expect(lines.contains(#"request_queue_seconds_count{model_group="claude-3"} 2"#))
        #expect(lines.contains(#"attempt_duration_seconds_sum{\#(labels)} 0.825"#))
    }

    @Test func `a fallback's answer belongs to the group that answered`() {
        var metrics = RelayMetrics(modelGroups: ["a", "b"])
        let failed = RoutingEvent.Attempt.sample(
            group: "a", deployment: "d-a", status: 429, errorType: "RateLimitError", cooldown: .seconds(5))
        let answered = RoutingEvent.Attempt.sample(group: "b", deployment: "d-b", timeToFirstToken: .milliseconds(7))
        metrics.record(
            .sample(group: "a", attempts: [failed, answered], deployment: .sample("d-b"), retries: 1, fallbacks: 1))

        let lines = lines(metrics)
        #expect(lines.contains(#"requests_total{model_group="a",outcome="success",status="200"} 1"#))
        #expect(lines.contains(#"attempts_total{model_group="a",deployment="d-a",status="429"} 1"#))
        #expect(
            lines.contains(#"attempt_errors_total{model_group="a",deployment="d-a",error_type="RateLimitError"} 1"#))
        #expect(lines.contains(#"cooldowns_total{model_group="a",deployment="d-a"} 1"#))
        #expect(lines.contains(#"attempts_total{model_group="b",deployment="d-b",status="200"} 1"#))
        #expect(lines.contains(#"tokens_total{model_group="b",deployment="d-b",kind="prompt"} 12"#))
        #expect(lines.contains(#"time_to_first_token_seconds_count{model_group="b",deployment="d-b"} 1"#))
        #expect(lines.contains(#"retries_total{model_group="a"} 1"#))
        #expect(lines.contains(#"fallbacks_total{model_group="a"} 1"#))
    }

    @Test func `group names that only requests know share one label`() {
        var metrics = RelayMetrics(modelGroups: ["known"])
        for number in 0..<1000 {
            metrics.record(
                .sample(
                    group: "no-such-\(number)", outcome: .error, status: 404, attempts: [], deployment: nil,
                    tokens: nil,
                    cost: nil))
        }
        metrics.record(
            .sample(
                group: nil, outcome: .invalid, status: 400, attempts: [], deployment: nil, tokens: nil, cost: nil))

        let lines = lines(metrics)
        #expect(lines.contains(#"requests_total{model_group="_unknown",outcome="error",status="404"} 1000"#))
        #expect(lines.contains(#"requests_total{model_group="_unknown",outcome="invalid",status="400"} 1"#))
        #expect(!lines.contains { $0.contains("no-such") })
    }

    @Test func `a wildcard group's names get labels up to the bound`() {
        var metrics = RelayMetrics(modelGroups: ["bedrock/*"], bounds: .init(modelGroups: 3, deploymentsPerGroup: 2))
        for name in ["bedrock/a", "bedrock/b", "bedrock/c", "bedrock/d"] {
            metrics.record(.sample(group: name, attempts: [.sample(group: name)]))
        }
        for deployment in ["d-2", "d-3", "d-4"] {
            metrics.record(
                .sample(
                    group: "bedrock/a", attempts: [.sample(group: "bedrock/a", deployment: deployment)],
                    deployment: .sample(deployment)))
        }

        let counts = lines(metrics).filter { $0.hasPrefix("attempts_total") }
        #expect(
            counts == [
                #"attempts_total{model_group="bedrock/a",deployment="d-1",status="200"} 1"#,
                #"attempts_total{model_group="bedrock/a",deployment="d-2",status="200"} 1"#,
                #"attempts_total{model_group="bedrock/a",deployment="_unknown",status="200"} 2"#,
                #"attempts_total{model_group="bedrock/b",deployment="d-1",status="200"} 1"#,
                #"attempts_total{model_group="_unknown",deployment="d-1",status="200"} 2"#,
            ])
    }

    @Test func `statuses and error classes that a peer invents are bounded`() {
        var metrics = RelayMetrics(modelGroups: ["g"])
        for number in 0..<100 {
            let attempt = RoutingEvent.Attempt.sample(group: "g", status: number + 100, errorType: "E\(number)")
            metrics.record(.sample(group: "g", attempts: [attempt]))
        }
        let lines = lines(metrics)
        #expect(lines.count { $0.hasPrefix("attempts_total") } == 33)
        #expect(lines.count { $0.hasPrefix("attempt_errors_total") } == 33)
    }

    @Test func `gauges are what the snapshot says`() {
        var gauges = GaugeSnapshot()
        gauges.requestsInFlight = 7
        gauges.partitions = [
            .init(topic: "t", partition: 3, lag: 12, inFlight: 2, oldestPendingAge: .milliseconds(1500)),
            .init(topic: "t", partition: 4),
        ]
        gauges.deployments = [.init(modelGroup: "g", id: "d", cooldownRemaining: .seconds(4), requestLimit: 60)]

        let lines = lines(RelayMetrics(modelGroups: []), gauges: gauges)
        #expect(lines.contains("requests_in_flight 7"))
        #expect(lines.contains("assigned_partitions 2"))
        #expect(lines.contains(#"consumer_lag_records{topic="t",partition="3"} 12"#))
        #expect(!lines.contains { $0.hasPrefix(#"consumer_lag_records{topic="t",partition="4"}"#) })
        #expect(lines.contains(#"partition_oldest_pending_age_seconds{topic="t",partition="3"} 1.5"#))
        #expect(lines.contains(#"deployment_cooldown_seconds{model_group="g",deployment="d"} 4.0"#))
        #expect(lines.contains(#"deployment_requests_per_minute_limit{model_group="g",deployment="d"} 60"#))
        #expect(!lines.contains { $0.hasPrefix("deployment_tokens_per_minute_limit{") })
    }

    @Test func `every metric of the catalogue is fed`() {
        var metrics = RelayMetrics(modelGroups: ["g"])
        let attempt = RoutingEvent.Attempt.sample(group: "g", errorType: "Timeout", timeToFirstToken: .zero)
        metrics.record(.sample(group: "g", attempts: [attempt]))
        let families = metrics.families(gauges: .full)
        #expect(families.map(\.definition) == MetricDefinition.allCases)
        #expect(families.allSatisfy { !$0.points.isEmpty })
    }
}

extension GaugeSnapshot {
    /// Something of everything.
    static var full: GaugeSnapshot {
        var gauges = GaugeSnapshot()
        gauges.partitions = [
            .init(
                topic: "t", partition: 0, lag: 1, inFlight: 1, prefetched: 1, watermarkSpan: 1, oldestPendingAge: .zero)
        ]
        gauges.deployments = [.init(modelGroup: "g", id: "d", requestLimit: 1, tokenLimit: 1)]
        gauges.sharedState = .init(isConnected: true, peers: 1, skippedRecords: 1)
        gauges.upstream.errors = [("connect", 1)]
        gauges.process = .init(cpu: .seconds(1), residentBytes: 1, openDescriptors: 1, startTime: 1_767_225_600)
        return gauges
    }
}
