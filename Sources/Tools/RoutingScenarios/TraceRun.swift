import Routing
import Time

/// One run of a scenario along one recorded trace.
struct TraceRun {
    private var world: ReplayWorld
    private let trace: Scenario.Trace
    /// Where LiteLLM's clock stood, which its useless sleeps move on.
    private var recordedNow: Instant
    /// An accepted difference: from here on the record no longer says what ours must do.
    private var hasDiverged = false
    private var divergedRequests: Set<String> = []
    private(set) var probes: [String: ProbeResult] = [:]

    /// What a probe would have drawn from in this run.
    struct ProbeResult {
        var shares: [String: Double]
        var refusal: RouteFailure.Refusal?
        /// Nothing that the deviation rules forbid is in, nothing that they ask for is missing.
        var isAsDesired: Bool
    }

    init(world: ReplayWorld, trace: Scenario.Trace) {
        self.world = world
        self.trace = trace
        recordedNow = world.scenario.start
    }

    /// Plays one event and says what is different from its record.
    mutating func play(_ event: ScenarioEvent) -> String? {
        if let at = event.at { recordedNow = max(recordedNow, world.scenario.start.advanced(by: .seconds(at))) }
        world.now = max(world.now, recordedNow)
        let record = trace.records[event.key]
        switch event.operation {
        case .request, .start: return send(event, record)
        case .finish: return finish(event, record)
        case .probe:
            probes[event.id] = probe(event)
            return nil
        case .state:
            return record.flatMap { StateComparison(world: world, hasDiverged: hasDiverged).difference(from: $0) }
        }
    }

    private mutating func send(_ event: ScenarioEvent, _ record: JSONNode?) -> String? {
        let isStart = event.operation == .start
        let picks = Self.picks(record, world)
        let before = world
        var difference: String?
        var variant = 0
        repeat {
            world = before
            world.chooser.prepare(picks, variant: variant, unrecorded: world.unsendable)
            var live = world.begin(event)
            world.run(&live, holdsFirstAnswer: isStart)
            difference = settle(live, record, isStart: isStart)
            variant += 1
        } while difference != nil && variant < world.chooser.result.widestFreePick
        recordedNow = recordedNow.advanced(by: .seconds(record?["elapsed"]?.double ?? 0))
        return difference
    }

    /// Accepts what happened, or says why not.
    private mutating func settle(_ live: LiveRequest, _ record: JSONNode?, isStart: Bool) -> String? {
        if isStart && live.result == nil { world.started[live.event.id] = live }
        guard let record else {
            return live.isPlainSuccess ? nil : "not answered, and nothing is recorded to compare with"
        }
        let comparison = Comparison(world: world, live: live, record: record)
        let isUnderWay = isStart && live.result == nil
        let difference = isUnderWay ? comparison.firstAttemptDifference : comparison.difference
        guard let difference else { return nil }
        guard DesiredDifference(comparison: comparison).isDesired else { return difference }
        hasDiverged = true
        divergedRequests.insert(live.event.id)
        return nil
    }

    private mutating func finish(_ event: ScenarioEvent, _ record: JSONNode?) -> String? {
        guard var live = world.started.removeValue(forKey: event.id) else { return nil }  // was refused at its start
        let started = trace.records["start \(event.id)"]
        world.chooser.prepare(
            Array(Self.picks(started, world).dropFirst()) + Self.picks(record, world), variant: 0,
            unrecorded: world.unsendable)
        world.answer(&live)
        world.run(&live)
        guard let record, !divergedRequests.contains(event.id) else { return nil }
        return Comparison(world: world, live: live, record: record).resultDifference
    }

    private func probe(_ event: ScenarioEvent) -> ProbeResult {
        let request = world.request(of: event)
        do throws(RouteFailure.Refusal) {
            let drawn = try world.router.preview(request, now: world.now)
            var shares: [String: Double] = [:]
            for (deployment, share) in drawn { shares[world.deployments[deployment].id.rawValue] = share }
            let isDesired = DesiredPick(world: world, event: event).isDesired(Set(drawn.map(\.deployment)))
            return ProbeResult(shares: shares, refusal: nil, isAsDesired: isDesired)
        } catch {
            return ProbeResult(shares: [:], refusal: error, isAsDesired: false)
        }
    }

    private static func picks(_ record: JSONNode?, _ world: ReplayWorld) -> [Int] {
        (record?["attempts"]?.array ?? []).compactMap { $0["deployment"]?.text.flatMap(world.position(of:)) }
    }
}

extension LiveRequest {
    var isPlainSuccess: Bool {
        if case .answered = result { true } else { false }
    }
}

extension Comparison {
    /// The call is still under way: only who is called can be compared.
    var firstAttemptDifference: String? {
        guard let first = live.calls.first else { return nil }
        guard let recorded = expectation.attempts.first else { return "sent to \(first.id), recorded a refusal" }
        return recorded.deployment == first.id ? nil : "sent to \(first.id), recorded \(recorded.deployment)"
    }
}
