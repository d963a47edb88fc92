import Testing

@testable import Simulator

@Suite struct LatencyDistributionTests {
    @Test(arguments: [
        ("50ms", LatencyDistribution.fixed(.milliseconds(50))), ("1.5s", .fixed(.milliseconds(1500))),
        ("250us", .fixed(.microseconds(250))), ("0s", .none), ("2m", .fixed(.seconds(120))),
        ("20..200ms", .uniform(.milliseconds(20)...(.milliseconds(200)))),
        ("20ms .. 2s", .uniform(.milliseconds(20)...(.seconds(2)))),
        ("200ms~2s", .logNormal(median: .milliseconds(200), p99: .seconds(2))),
    ])
    func `text is read`(text: String, expected: LatencyDistribution) {
        #expect(LatencyDistribution(text) == expected)
    }

    @Test(arguments: [
        "", "50", "ms", "-5ms", "1h", "200..20ms", "20..", "..20ms", "0ms~1s", "2s~1s", "nan ms", "1e99s",
    ])
    func `what is no time is refused`(text: String) {
        #expect(LatencyDistribution(text) == nil)
    }

    @Test func `an even spread stays in its range`() {
        var random = SeededRandom(seed: 1)
        let range = Duration.milliseconds(20)...Duration.milliseconds(200)
        let samples = (0..<2000).map { _ in LatencyDistribution.uniform(range).sample(using: &random) }
        #expect(samples.allSatisfy(range.contains))
        #expect((samples.max() ?? .zero) > .milliseconds(195))
        #expect((samples.min() ?? .zero) < .milliseconds(25))
    }

    @Test func `a log-normal spread has the median and percentile asked for`() {
        var random = SeededRandom(seed: 1)
        let distribution = LatencyDistribution.logNormal(median: .milliseconds(200), p99: .seconds(2))
        let samples = (0..<20_000).map { _ in distribution.sample(using: &random).wholeMilliseconds }.sorted()
        #expect(190...210 ~= samples[10_000])
        #expect(1800...2200 ~= samples[19_800])
    }

    @Test func `the same seed draws the same latencies`() {
        let distribution = LatencyDistribution.logNormal(median: .milliseconds(200), p99: .seconds(2))
        var first = SeededRandom(seed: 5)
        var second = SeededRandom(seed: 5)
        for _ in 0..<100 { #expect(distribution.sample(using: &first) == distribution.sample(using: &second)) }
    }
}
