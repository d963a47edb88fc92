/// A part of the benchmark that can be run by itself.
enum Scenario: String, CaseIterable, Sendable {
    case routing, bodies, signing, throughput
    case inFlight = "in-flight"
    case latency

    var summary: String {
        switch self {
        case .routing: "routing decision among 2, 10 and 100 deployments, and under shared limits"
        case .bodies: "request and reply, decoded and encoded"
        case .signing: "AWS signature of one request"
        case .throughput: "requests/s and CPU time per request, upstream latency zero"
        case .inFlight: "share of the Little's-law limit at 1 s with 500 and 4,000 in flight; memory"
        case .latency: "what the relay adds at 200 requests/s"
        }
    }

    /// What it has measured; throws what it could not.
    func measure(isQuick: Bool) throws(Unmeasurable) -> Findings {
        let stopwatch = Stopwatch(isQuick: isQuick)
        return switch self {
        case .routing: Findings(rows: RoutingBenchmark(stopwatch: stopwatch).rows())
        case .bodies: Findings(rows: BodiesBenchmark(stopwatch: stopwatch).rows())
        case .signing: Findings(rows: SigningBenchmark(stopwatch: stopwatch).rows())
        case .throughput: try ThroughputScenario(isQuick: isQuick).measure()
        case .inFlight: try InFlightScenario(isQuick: isQuick).measure()
        case .latency: try LatencyScenario(isQuick: isQuick).measure()
        }
    }
}

/// What a scenario adds to the report.
struct Findings: Sendable {
    var rows: [Row] = []
    var goals: [Goal] = []
}

extension Figure {
    /// The samples that a run must have brought.
    static func required(_ samples: [Double], of what: String) throws(Unmeasurable) -> Figure {
        guard let figure = Figure(samples) else { throw Unmeasurable("\(what): nothing was answered in time") }
        return figure
    }
}
