import Time

/// How many requests a second, and what each costs, when models answer at once.
struct ThroughputScenario {
    let isQuick: Bool

    private static let inFlight = 256

    func measure() throws(Unmeasurable) -> Findings {
        var plan = LoadPlan(
            inFlight: Self.inFlight, warmUp: .seconds(isQuick ? 1 : 2), measured: .seconds(isQuick ? 3 : 8))
        StandardStream.progress("throughput: raw libcurl, \(Self.inFlight) in flight")
        let http = try rawHTTP(plan)
        // What is under way includes what waits in the topic, so that the relay never runs dry.
        plan.inFlight = Self.inFlight * 4
        StandardStream.progress("throughput: raw librdkafka, consume -> produce")
        let kafka = try rawKafka(plan)
        StandardStream.progress("throughput: the relay, \(Self.inFlight) in flight")
        let relay = try relay(plan)
        return try findings(relay, http, kafka)
    }

    private func rawHTTP(_ plan: LoadPlan) throws(Unmeasurable) -> LoadResult {
        let world = try World(upstreamLatency: .zero)
        defer { world.stop() }
        return try HTTPFloorCommand.measure(world.converseURL, plan)
    }

    private func rawKafka(_ plan: LoadPlan) throws(Unmeasurable) -> LoadResult {
        let world = try World(upstreamLatency: .zero)
        defer { world.stop() }
        let echo = try world.startEcho(linger: KafkaTuning.lingerUnderLoad)
        return try KafkaLoad(world, plan).run(echo, inFlight: Self.inFlight)
    }

    private func relay(_ plan: LoadPlan) throws(Unmeasurable) -> LoadResult {
        let world = try World(upstreamLatency: .zero)
        defer { world.stop() }
        let relay = try world.startRelay(inFlight: Self.inFlight, linger: KafkaTuning.lingerUnderLoad)
        return try KafkaLoad(world, plan).run(relay, inFlight: Self.inFlight)
    }

    private func findings(
        _ relay: LoadResult, _ http: LoadResult, _ kafka: LoadResult
    ) throws(Unmeasurable) -> Findings {
        let curl = "raw libcurl, \(Self.inFlight) in flight"
        let rdkafka = "raw librdkafka, consume -> produce"
        let rate = try Figure.required(relay.rates, of: "relay")
        let cpu = try Figure.required(relay.cpu, of: "relay")
        let cpuRow = Row(
            "end to end: CPU per request", .microseconds, cpu, floor: try .required(http.cpu, of: curl), is: curl)
        let rows = [
            Row("end to end: requests", .perSecond, rate, floor: try .required(http.rates, of: curl), is: curl),
            Row("end to end: requests", .perSecond, rate, floor: try .required(kafka.rates, of: rdkafka), is: rdkafka),
            cpuRow,
            Row(
                "end to end: CPU per request", .microseconds, cpu, floor: try .required(kafka.cpu, of: rdkafka),
                is: rdkafka),
        ]
        let goal = cpuRow.ratio.map {
            Goal(name: "CPU per request, of libcurl's", value: $0, bound: .atMost(2), unit: "x")
        }
        return Findings(rows: rows, goals: [goal].compactMap { $0 })
    }
}
