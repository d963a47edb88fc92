import Time

/// How much later a reply comes because the relay stands between: at a moderate rate, everything beside the model's time.
struct LatencyScenario {
    let isQuick: Bool

    private static let upstream = Duration.milliseconds(20)
    private static let floorName = "raw librdkafka echo + raw libcurl"

    func measure() throws(Unmeasurable) -> Findings {
        let plan = LoadPlan(
            inFlight: 64, rate: 200, warmUp: .seconds(1), measured: .seconds(isQuick ? 4 : 12))
        StandardStream.progress("latency: raw libcurl, 200 requests/s")
        let http = try rawHTTP(plan)
        StandardStream.progress("latency: raw librdkafka echo, 200 requests/s")
        let echo = try rawKafka(plan)
        StandardStream.progress("latency: the relay, 200 requests/s")
        let (relay, overheads) = try relay(plan)
        return try findings(relay, overheads, http, echo)
    }

    private func rawHTTP(_ plan: LoadPlan) throws(Unmeasurable) -> LoadResult {
        let world = try World(upstreamLatency: Self.upstream)
        defer { world.stop() }
        return try HTTPFloorCommand.measure(world.converseURL, plan)
    }

    private func rawKafka(_ plan: LoadPlan) throws(Unmeasurable) -> LoadResult {
        let world = try World(upstreamLatency: Self.upstream)
        defer { world.stop() }
        let echo = try world.startEcho(linger: KafkaTuning.lingerForLatency)
        return try KafkaLoad(world, plan).run(echo, inFlight: plan.inFlight)
    }

    private func relay(_ plan: LoadPlan) throws(Unmeasurable) -> (LoadResult, overheads: [Double]) {
        let world = try World(upstreamLatency: Self.upstream)
        defer { world.stop() }
        let relay = try world.startRelay(inFlight: plan.inFlight, linger: KafkaTuning.lingerForLatency)
        let load = try KafkaLoad(world, plan, readsEvents: true)
        return (try load.run(relay, inFlight: plan.inFlight), load.overheads)
    }

    /// Percentiles of sums are not sums of percentiles: the floor's p99 is a little pessimistic.
    private func findings(
        _ relay: LoadResult, _ overheads: [Double], _ http: LoadResult, _ echo: LoadResult
    ) throws(Unmeasurable) -> Findings {
        guard !relay.latencies.isEmpty, !overheads.isEmpty, !http.latencies.isEmpty, !echo.latencies.isEmpty else {
            throw Unmeasurable("latency: nothing was answered in time")
        }
        var findings = Findings()
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let upstream = Self.upstream.inMilliseconds
            let whole = relay.latencies.quantile(share) - upstream
            let floor = echo.latencies.quantile(share) + http.latencies.quantile(share) - upstream
            findings.rows.append(
                Row(
                    "latency beside the model's at 200/s, \(name)", .milliseconds, Figure(whole), floor: Figure(floor),
                    is: Self.floorName))
            findings.rows.append(
                Row("  added by the relay itself, \(name)", .milliseconds, Figure(whole - floor)))
            findings.rows.append(
                Row("  overhead in routing events, \(name)", .milliseconds, Figure(overheads.quantile(share))))
            if share == 0.5 {
                findings.goals.append(
                    Goal(name: "added latency p50", value: whole - floor, bound: .below(1), unit: " ms"))
            }
        }
        return findings
    }
}
