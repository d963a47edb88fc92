import Time

/// What many slow requests at a time come to: no more than N can be answered in a second when N are in flight and each
/// takes one (Little's law), and each takes memory.
struct InFlightScenario {
    let isQuick: Bool

    private static let most = 4000

    func measure() throws(Unmeasurable) -> Findings {
        var findings = Findings()
        for inFlight in [500, Self.most] {
            StandardStream.progress("in flight: raw libcurl, \(inFlight) at 1 s")
            let floor = try rawHTTP(inFlight)
            StandardStream.progress("in flight: the relay, \(inFlight) at 1 s")
            let relay = try relay(inFlight)
            let share = try Self.share(relay)
            findings.rows.append(
                Row(
                    "share of Little's-law limit at 1 s, \(inFlight) in flight", .percent, Figure(share),
                    floor: Figure(try Self.share(floor)), is: "raw libcurl"))
            guard inFlight == Self.most else { continue }
            findings.goals.append(
                Goal(name: "Little's law at \(inFlight) in flight", value: share, bound: .atLeast(95), unit: " %"))
            addMemory(relay, floor, to: &findings)
        }
        StandardStream.progress("in flight: the relay, \(Self.most) at 1 s, HTTP/2 over TLS")
        try addSecure(try self.relay(Self.most, isSecure: true), to: &findings)
        StandardStream.progress("in flight: the relay, \(Self.most) streams, HTTP/2 over TLS")
        addStreams(try streams(), to: &findings)
        return findings
    }

    /// Streams of some seconds, most of which have begun.
    private func streams() throws(Unmeasurable) -> LoadResult {
        let world = try World(
            upstreamLatency: .seconds(1), script: ["stream-tokens=3", "stream-delay=1500ms"], isSecure: true)
        defer { world.stop() }
        let relay = try world.startRelay(inFlight: Self.most, linger: KafkaTuning.lingerUnderLoad)
        let plan = LoadPlan(inFlight: Self.most * 5 / 4, warmUp: .seconds(8), measured: .seconds(isQuick ? 5 : 10))
        return try KafkaLoad(world, plan, isStreamed: true).run(relay, inFlight: Self.most)
    }

    private func plan(_ inFlight: Int) -> LoadPlan {
        LoadPlan(inFlight: inFlight, warmUp: .seconds(3), measured: .seconds(isQuick ? 5 : 10))
    }

    private func rawHTTP(_ inFlight: Int) throws(Unmeasurable) -> LoadResult {
        let world = try World(upstreamLatency: .seconds(1))
        defer { world.stop() }
        return try HTTPFloorCommand.measure(world.converseURL, plan(inFlight))
    }

    private func relay(_ inFlight: Int, isSecure: Bool = false) throws(Unmeasurable) -> LoadResult {
        let world = try World(upstreamLatency: .seconds(1), isSecure: isSecure)
        defer { world.stop() }
        let relay = try world.startRelay(inFlight: inFlight, linger: KafkaTuning.lingerUnderLoad)
        // Half a second's worth waits in the topic, so that the relay never runs dry.
        return try KafkaLoad(world, plan(inFlight * 3 / 2)).run(relay, inFlight: inFlight)
    }

    private static func share(_ result: LoadResult) throws(Unmeasurable) -> Double {
        guard let cycle = result.cycle else { throw Unmeasurable("Little's law: too few replies") }
        return 100 / cycle
    }

    private func addMemory(_ relay: LoadResult, _ floor: LoadResult, to findings: inout Findings) {
        let mega = 1_048_576.0
        let each = relay.kilobytesPerRequest(inFlight: Self.most)
        findings.rows.append(
            Row(
                "resident memory, idle", .megabytes, Figure(Double(relay.idle) / mega),
                floor: Figure(Double(floor.idle) / mega), is: "raw libcurl program before its first request"))
        findings.rows.append(
            Row(
                "resident memory per request in flight", .kilobytes, Figure(each),
                floor: Figure(floor.kilobytesPerRequest(inFlight: Self.most)), is: "raw libcurl"))
        findings.goals.append(Goal(name: "memory per request in flight", value: each, bound: .atMost(40), unit: " KB"))
    }

    private func addStreams(_ relay: LoadResult, to findings: inout Findings) {
        let name = "memory per stream in flight, HTTP/2 over TLS"
        let each = relay.kilobytesPerRequest(inFlight: Self.most)
        findings.rows.append(Row("resident \(name)", .kilobytes, Figure(each)))
        findings.goals.append(Goal(name: name, value: each, bound: .atMost(40), unit: " KB"))
    }

    private func addSecure(_ relay: LoadResult, to findings: inout Findings) throws(Unmeasurable) {
        findings.rows.append(
            Row(
                "share of Little's-law limit, \(Self.most) in flight, HTTP/2 over TLS", .percent,
                Figure(try Self.share(relay))))
        let name = "memory per request in flight, HTTP/2 over TLS"
        let each = relay.kilobytesPerRequest(inFlight: Self.most)
        findings.rows.append(Row("resident \(name)", .kilobytes, Figure(each)))
        findings.goals.append(Goal(name: name, value: each, bound: .atMost(40), unit: " KB"))
    }
}

extension LoadResult {
    fileprivate func kilobytesPerRequest(inFlight: Int) -> Double {
        Double(loaded - idle) / Double(inFlight) / 1024
    }
}
