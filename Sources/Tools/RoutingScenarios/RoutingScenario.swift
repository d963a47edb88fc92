public import Foundation

/// Replays recorded routing scenarios against our router.
///
/// How a file is judged: every run of its `traces` is played with the recorded picks forced, each of which has to be
/// among our router's candidates; attempts, sleeps, result and state have to be as recorded; probes' shares have to lie
/// within three standard errors. Where our router is meant to differ, nothing depends on the file's name: some rules
/// change what is expected of any file (`Expectation`), the rest are checked by an independent model of the deviations
/// (`DeviationModel`, `DesiredDifference`).
public struct RoutingScenario: Sendable {
    private let scenario: Scenario

    public var name: String { scenario.name }

    public init(json: Data) throws { scenario = try Scenario(json: json) }

    /// The first difference from what is wanted; nil: the scenario passes.
    public func firstDifference() -> String? {
        let world: ReplayWorld
        do {
            world = try ReplayWorld(scenario: scenario)
        } catch {
            return scenario.refusedConfiguration && scenario.deviation == nil ? nil : "configuration: \(error)"
        }
        if scenario.refusedConfiguration && scenario.deviation == nil { return "the configuration is accepted" }
        return replay(in: world)
    }

    private func replay(in world: ReplayWorld) -> String? {
        var runs: [(run: TraceRun, count: Int)] = []
        for (number, trace) in scenario.traces.enumerated() {
            var run = TraceRun(world: world, trace: trace)
            for event in scenario.events {
                guard let difference = run.play(event) else { continue }
                return "\(event.id)\(scenario.traces.count > 1 ? " (trace \(number + 1))" : ""): \(difference)"
            }
            runs.append((run, trace.count))
        }
        for event in scenario.events where event.operation == .probe {
            let results = runs.compactMap { run, count in run.probes[event.id].map { ($0, Double(count)) } }
            let comparison = ProbeComparison(results: results)
            if let record = scenario.expected[event.key], let difference = comparison.difference(from: record) {
                return "\(event.id): \(difference)"
            }
        }
        return nil
    }
}
