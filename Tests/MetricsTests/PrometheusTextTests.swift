import Metrics
import Testing

@Suite struct PrometheusTextTests {
    private func text(_ family: MetricFamily) -> String {
        var text = PrometheusText()
        text.append(family)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    @Test func `a family has its help, its type and its samples`() {
        var family = MetricFamily(.tokens)
        family.append(.integer(3), labels: "g", "d", "prompt")
        family.append(.integer(4), labels: "g", "d", "completion")
        #expect(
            text(family) == """
                # HELP bedrock_relay_tokens_total Tokens of answers; prompt includes cache tokens.
                # TYPE bedrock_relay_tokens_total counter
                bedrock_relay_tokens_total{model_group="g",deployment="d",kind="prompt"} 3
                bedrock_relay_tokens_total{model_group="g",deployment="d",kind="completion"} 4

                """)
    }

    @Test func `histogram buckets are cumulative and end in +Inf`() {
        var histogram = Histogram(.init([0.5, 1]))
        for value in [0.25, 0.75, 0.75, 2] { histogram.record(value) }
        #expect(
            text(MetricFamily(.requestWait, points: [.init(labels: ["g"], .histogram(histogram))])) == """
                # HELP bedrock_relay_request_wait_seconds Time for which requests were held for capacity.
                # TYPE bedrock_relay_request_wait_seconds histogram
                bedrock_relay_request_wait_seconds_bucket{model_group="g",le="0.5"} 1
                bedrock_relay_request_wait_seconds_bucket{model_group="g",le="1.0"} 3
                bedrock_relay_request_wait_seconds_bucket{model_group="g",le="+Inf"} 4
                bedrock_relay_request_wait_seconds_sum{model_group="g"} 3.75
                bedrock_relay_request_wait_seconds_count{model_group="g"} 4

                """)
    }

    @Test func `label values are escaped`() {
        let family = MetricFamily(.retries, points: [.init(labels: ["a\\b\"c\nd\re{}é"], .integer(1))])
        #expect(text(family).contains("{model_group=\"a\\\\b\\\"c\\nd\re{}é\"} 1\n"))
    }

    @Test(arguments: [(Double.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (0.5, "0.5"), (0, "0.0")])
    func `numbers are written as Prometheus reads them`(number: Double, written: String) {
        #expect(
            text(MetricFamily(.processStart, points: [.init(.double(number))])).hasSuffix(
                "_start_time_seconds \(written)\n"))
    }

    @Test func `a family without samples is left out`() {
        #expect(text(MetricFamily(.requests)).isEmpty)
    }
}
