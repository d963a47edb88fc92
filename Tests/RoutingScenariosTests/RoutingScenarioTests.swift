import Foundation
import RoutingScenarios
import Testing

@Suite struct RoutingScenarioTests {
    static var recordings: [URL] {
        get throws {
            let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
            return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "json" }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        }
    }

    @Test func `every recorded scenario goes as recorded, or as we want it to`() throws {
        let recordings = try Self.recordings
        #expect(recordings.count == 112)
        for file in recordings {
            let scenario = try RoutingScenario(json: Data(contentsOf: file))
            let difference = scenario.firstDifference()
            #expect(difference == nil, "\(scenario.name): \(difference ?? "")")
        }
    }

    /// A replay that accepts anything would pass as well: each of these changes has to be noticed.
    @Test(arguments: [
        ("cooldown-status-401", #""s1": 5.0"#, #""s1": 9.0"#),
        ("retry-backoff", "4.0", "3.0"),
        ("retry-status-404", #""NotFoundError""#, #""Timeout""#),
        ("fallback-order", #""deployment": "c1""#, #""deployment": "b1""#),
        ("shuffle-rpm", "0.8956", "0.85"),
        ("v2-lowest-tpm", #""tpm@10-00": 100"#, #""tpm@10-00": 101"#),
        ("alias", #""x-litellm-model-group": "nick""#, #""x-litellm-model-group": "real""#),
    ])
    func `a changed record is noticed`(name: String, text: String, replacement: String) throws {
        let file = try #require(try Self.recordings.first { $0.lastPathComponent == "\(name).json" })
        let original = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let changed = original.replacing(text, with: replacement)
        try #require(changed != original, "nothing to change in \(name)")
        #expect(try RoutingScenario(json: Data(changed.utf8)).firstDifference() != nil)
    }

    @Test func `a file that is no scenario is an error, not a pass`() {
        for text in ["", "[]", "{}", #"{"config":{},"events":[{"op":"dance"}],"start_time":"2026-01-05T10:00:00Z"}"#] {
            #expect(throws: (any Error).self) { try RoutingScenario(json: Data(text.utf8)) }
        }
    }

    @Test func `keys that nobody knows are no obstacle`() throws {
        let file = try #require(try Self.recordings.first)
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let changed = text.replacing(
            "\"events\"", with: "\"unheard_of\": {\"a\": [1, null]}, \"events\"", maxReplacements: 1)
        #expect(try RoutingScenario(json: Data(changed.utf8)).firstDifference() == nil)
    }
}
