import Foundation
import Time

/// One recorded scenario: inputs, and what LiteLLM did (the schema is that of the recordings' README).
struct Scenario: Sendable {
    let name: String
    let deviation: String?
    let config: JSONNode
    let start: Instant
    let seeds: Int
    let tokenEstimates: [String: Int]
    let events: [ScenarioEvent]
    /// What was recorded for each event over all runs, by event key.
    let expected: [String: JSONNode]
    /// LiteLLM refused the configuration.
    let refusedConfiguration: Bool
    /// The distinct whole runs; a single one where all runs agreed.
    let traces: [Trace]

    struct Trace: Sendable {
        var count: Int
        /// By event key; probes are left out.
        var records: [String: JSONNode]
    }

    init(json: Data) throws {
        try self.init(JSONDecoder().decode(JSONNode.self, from: json))
    }

    init(_ root: JSONNode) throws {
        guard let config = root["config"], let events = root["events"]?.array,
            let start = root["start_time"]?.text.flatMap(Self.date)
        else { throw ScenarioError(message: "not a scenario: config, events or start_time is missing") }
        name = root["name"]?.text ?? "unnamed"
        deviation = root["deviation"]?.text
        self.config = config
        self.start = Instant(unixMilliseconds: Int64(start.timeIntervalSince1970 * 1000))
        seeds = root["seeds"]?.int ?? 1
        tokenEstimates = (root["token_estimates"]?.object ?? [:]).compactMapValues(\.int)
        self.events = try events.enumerated().map { try ScenarioEvent($1, number: $0) }
        let entries = root["expected"]?.array ?? []
        var byID: [String: JSONNode] = [:]
        for entry in entries where entry["op"]?.text != "init" { byID[Self.key(of: entry)] = entry }
        expected = byID
        refusedConfiguration = entries.contains {
            $0["op"]?.text == "init" && ($0["outcomes"]?.array ?? []).contains { $0["error"] != nil }
        }
        traces = Self.traces(root["traces"]?.array ?? [], expected: byID)
    }

    /// The configuration holds what LiteLLM ignores in silence and we honour: `allowed_fails: 3`, and `allowed_fails` and
    /// `cooldown_time` under `litellm_settings`.
    var setsIgnoredCooldowns: Bool {
        let general = config["litellm_settings"]
        return general?["allowed_fails"] != nil || general?["cooldown_time"] != nil
            || config["router_settings"]?["allowed_fails"]?.int == 3
    }

    /// With fractions of a second or without.
    private static func date(_ text: String) -> Date? {
        let formatter = ISO8601DateFormatter()
        if let date = formatter.date(from: text) { return date }
        formatter.formatOptions.insert(.withFractionalSeconds)
        return formatter.date(from: text)
    }

    private static func traces(_ nodes: [JSONNode], expected: [String: JSONNode]) -> [Trace] {
        if nodes.isEmpty {
            return [Trace(count: 1, records: expected.compactMapValues { $0["outcomes"]?.array?.first })]
        }
        return nodes.map { node in
            var records: [String: JSONNode] = [:]
            for record in node["records"]?.array ?? [] { records[key(of: record)] = record }
            return Trace(count: node["count"]?.int ?? 1, records: records)
        }
    }

    /// A `start` and its `finish` have one id.
    private static func key(of record: JSONNode) -> String {
        "\(record["op"]?.text ?? "") \(record["id"]?.text ?? "")"
    }
}

/// One input.
struct ScenarioEvent: Sendable {
    enum Operation: String, Sendable {
        case request, start, finish, probe, state
    }

    let operation: Operation
    let id: String
    /// What its records are found by.
    var key: String { "\(operation.rawValue) \(id)" }
    /// Seconds after the start; nil: whenever the event before it has ended.
    let at: Double?
    let body: JSONNode
    let provider: [String: [JSONNode]]
    let samples: Int

    init(_ node: JSONNode, number: Int) throws {
        guard let operation = node["op"]?.text.flatMap(Operation.init) else {
            throw ScenarioError(message: "event \(number): unknown op")
        }
        self.operation = operation
        id = node["id"]?.text ?? ""
        at = node["at"]?.double
        body = node["body"] ?? .object([:])
        provider = (node["provider"]?.object ?? [:]).mapValues { $0.array ?? [$0] }
        samples = node["samples"]?.int ?? 1
    }
}

struct ScenarioError: Error {
    var message: String
}
