import Time

/// How many requests a second, and what each costs, when models answer at once.
///
/// The relay and its floors are measured in turns: a machine that others use as well is half as fast at times, for longer
/// than a turn, and a ratio of one time to another would say more of them than of us.
struct ThroughputScenario {
    let isQuick: Bool

    private static let inFlight = 256

    func measure() throws(Unmeasurable) -> Findings {
        let plan = LoadPlan(
            inFlight: Self.inFlight, warmUp: .seconds(isQuick ? 1 : 2), measured: .seconds(isQuick ? 3 : 2))
        // What is under way includes what waits in the topic, so that the relay never runs dry.
        var queued = plan
        queued.inFlight = Self.inFlight * 4
        var http = Samples()
        var kafka = Samples()
        var relay = Samples()
        let turns = isQuick ? 1 : 4
        for turn in 1...turns {
            let place = turns > 1 ? " (\(turn) of \(turns))" : ""
            StandardStream.progress("throughput: raw libcurl, \(Self.inFlight) in flight\(place)")
            http.add(try rawHTTP(plan))
            StandardStream.progress("throughput: the relay, \(Self.inFlight) in flight\(place)")
            relay.add(try self.relay(queued))
            StandardStream.progress("throughput: raw librdkafka, consume -> produce\(place)")
            kafka.add(try rawKafka(queued))
        }
        return try findings(relay, http, kafka)
    }

    /// Those of all turns.
    private struct Samples {
        var rates: [Double] = []
        var cpu: [Double] = []

        mutating func add(_ result: LoadResult) {
            rates += result.rates
            cpu += result.cpu
        }
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
        _ relay: Samples, _ http: Samples, _ kafka: Samples
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
