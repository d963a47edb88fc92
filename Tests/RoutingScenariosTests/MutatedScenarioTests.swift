import Foundation
import Routing
import TestSupport
import Testing
import Time

@testable import RoutingScenarios

/// Recordings with something changed at random: settings that contradict each other, answers that nobody has recorded,
/// events out of order. Whatever comes, the router stays whole.
@Suite struct MutatedScenarioTests {
    @Test func `no change of a recording upsets the router`() throws {
        var random = SeededGenerator(seed: 784)
        var played = 0
        for file in try RoutingScenarioTests.recordings {
            let original = try JSONDecoder().decode(JSONNode.self, from: Data(contentsOf: file)).inputs
            let pieces = original.allNodes
            for number in 1...7 {
                var changed = original
                for _ in 0..<Int.random(in: 1...4, using: &random) { changed = changed.mutated(with: pieces, &random) }
                // Not every change leaves a scenario, or a configuration that is accepted.
                guard let scenario = try? Scenario(changed), let world = try? ReplayWorld(scenario: scenario) else {
                    continue
                }
                var run = UnrecordedRun(world: world, name: "\(file.lastPathComponent), change \(number)")
                for event in scenario.events { run.play(event, &random) }
                run.end()
                played += 1
            }
        }
        #expect(played > 392, "most changes should leave something to play")
    }

    @Test func `a changed recording is compared without a crash`() throws {
        var random = SeededGenerator(seed: 112)
        for file in try RoutingScenarioTests.recordings {
            let original = try JSONDecoder().decode(JSONNode.self, from: Data(contentsOf: file))
            let changed = original.mutated(with: original.allNodes, &random)
            _ = try? RoutingScenario(json: Data(changed.json().utf8)).firstDifference()
        }
    }
}

/// Plays a scenario's events without looking at what was recorded, and checks what always holds.
private struct UnrecordedRun {
    var world: ReplayWorld
    let name: String

    mutating func play(_ event: ScenarioEvent, _ random: inout SeededGenerator) {
        if let at = event.at { world.now = max(world.now, world.scenario.start.advanced(by: .seconds(at))) }
        world.chooser.prepare([], variant: Int.random(in: 0..<16, using: &random), unrecorded: [])
        switch event.operation {
        case .request, .start:
            var live = world.begin(event)
            world.run(&live, holdsFirstAnswer: event.operation == .start)
            if live.result == nil {
                // A second one of that name would leave the first without an end.
                if var earlier = world.started.removeValue(forKey: event.id) { finish(&earlier) }
                world.started[event.id] = live
            }
        case .finish:
            if var live = world.started.removeValue(forKey: event.id) { finish(&live) }
        case .probe: _ = try? world.router.preview(world.request(of: event), now: world.now)
        case .state: break
        }
        check()
    }

    mutating func end() {
        for id in world.started.keys.sorted() {
            guard var live = world.started.removeValue(forKey: id) else { continue }
            finish(&live)
        }
        check()
    }

    private mutating func finish(_ live: inout LiveRequest) {
        world.answer(&live)
        world.run(&live)
        #expect(live.result != nil, "\(name): a request has no end")
    }

    /// What calls hold is held by the calls under way and by nothing else; limits that the strategy enforces are kept.
    private func check() {
        var pending: [Int: Int] = [:]
        for live in world.started.values {
            if let index = live.pending?.attempt.deploymentIndex { pending[index, default: 0] += 1 }
        }
        for (index, status) in world.router.status(now: world.now).enumerated() {
            let calls = pending[index, default: 0]
            #expect(status.inFlight == calls, "\(name): calls in flight")
            #expect(calls > 0 ? status.reservedTokens >= 0 : status.reservedTokens == 0, "\(name): reserved tokens")
            #expect(status.requestsThisMinute >= 0 && status.tokensThisMinute >= 0, "\(name): usage")
            #expect(status.inFlight <= status.parallelSlots ?? .max, "\(name): parallel slots")
            #expect(status.latencyEstimate ?? 0 >= 0, "\(name): latency")
            guard let limit = status.deployment.limits.requestsPerMinute, enforcesLimits else { continue }
            #expect(status.requestsThisMinute <= limit, "\(name): requests per minute")
        }
    }

    private var enforcesLimits: Bool {
        guard world.settings.routingGroups.isEmpty,
            world.scenario.events.allSatisfy({ $0.body["routing_strategy"] == nil })
        else { return false }
        return [.usageBased, .usageBasedV2, .latencyBased, .costBased].contains(world.settings.strategy)
    }
}

extension JSONNode {
    /// A scenario without what was recorded of it.
    fileprivate var inputs: JSONNode {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.key != "expected" && $0.key != "traces" })
    }

    /// This node and all below.
    fileprivate var allNodes: [JSONNode] {
        switch self {
        case .null, .bool, .number, .string: [self]
        case .array(let elements): elements.reduce(into: [self]) { $0 += $1.allNodes }
        case .object(let members): members.sorted { $0.key < $1.key }.reduce(into: [self]) { $0 += $1.value.allNodes }
        }
    }

    /// The same with one change somewhere; `pieces` are put in places where they do not belong.
    fileprivate func mutated(with pieces: [JSONNode], _ random: inout SeededGenerator) -> JSONNode {
        if random.chance(4) { return pieces.randomElement(using: &random) ?? .null }
        switch self {
        case .null: return .bool(true)
        case .bool(let value): return .bool(!value)
        case .number:
            return .number([0, 1, 2, 3, 0.5, 60, 1000, -1, -0.5, 1e9, 1e15].randomElement(using: &random) ?? 0)
        case .string(let text):
            let texts = pieces.compactMap(\.text) + ["", "*", String(text.dropLast())]
            return .string(texts.randomElement(using: &random) ?? "")
        case .array(var elements):
            guard let index = elements.indices.randomElement(using: &random) else {
                return .array(pieces.randomElement(using: &random).map { [$0] } ?? [])
            }
            if random.chance(80) {
                elements[index] = elements[index].mutated(with: pieces, &random)
            } else if random.chance(50) {
                elements.remove(at: index)
            } else {
                elements.append(elements[index])
            }
            return .array(elements)
        case .object(var members):
            let keys = members.keys.filter { $0 != "start_time" }.sorted()
            guard let key = keys.randomElement(using: &random) else { return .object(["model": .string("*")]) }
            if random.chance(92) {
                members[key] = members[key]?.mutated(with: pieces, &random)
            } else {
                members[key] = nil
            }
            return .object(members)
        }
    }
}
