import Foundation
import Simulator
import Testing

@Suite struct JournalTests {
    @Test func `entries tell which request came when`() throws {
        var settings = BedrockSimulator.Settings()
        settings.keepsEntries = true
        settings.scripts = [ScriptEntry("*", ModelScript(steps: [.answer(status: 429), .answer()]))]
        let simulator = try BedrockSimulator(settings)
        let probe = try HTTPProbe(simulator)
        for text in ["[id:a] then [id:one]", "[id:two]", "none [id:", "[id:]"] { _ = try probe.converse(text: text) }
        let entries = simulator.journal.entries
        #expect(entries.map(\.id) == ["one", "two", nil, nil])
        #expect(entries.map(\.outcome) == ["429", "200", "200", "200"])
        #expect(entries.allSatisfy { $0.region == "us-east-1" && $0.model == "m" })
        #expect(entries.map(\.time) == entries.map(\.time).sorted())
        simulator.clearJournal()
        #expect(simulator.journal.requests == 0)
        #expect(simulator.journal.entries.isEmpty)
    }

    @Test func `the file has a JSON line for every request`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        var settings = BedrockSimulator.Settings()
        settings.journalFile = file.path
        let simulator = try BedrockSimulator(settings)
        let probe = try HTTPProbe(simulator)
        for number in 0..<20 { _ = try probe.converse("a%22b", text: "[id:\(number)]") }
        simulator.stop()
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let entries = try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
        #expect(entries.map { $0?["id"] as? String } == (0..<20).map(String.init))
        #expect(entries.allSatisfy { $0?["model"] as? String == "a\"b" && $0?["outcome"] as? String == "200" })
        #expect(entries.allSatisfy { ($0?["time_ms"] as? Double ?? 0) > 1e12 })
    }

    @Test func `it can be read and cleared over HTTP`() throws {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        _ = try probe.converse("a")
        _ = try probe.converse("b")
        try probe.send("GET /simulator/journal HTTP/1.1\r\n\r\n")
        let counts = #"{"requests":2,"abandoned":0,"models":{"a":{"200":1},"b":{"200":1}}}"#
        #expect(try probe.receive().body == counts + "\n")
        try probe.send("GET /simulator/journal?entries HTTP/1.1\r\n\r\n")
        #expect(try probe.receive().status == 404)
        try probe.send("DELETE /simulator/journal HTTP/1.1\r\n\r\n")
        #expect(try probe.receive().status == 200)
        #expect(simulator.journal.requests == 0)
    }

    @Test func `a file that cannot be written is an error`() {
        var settings = BedrockSimulator.Settings()
        settings.journalFile = "/nowhere/journal"
        #expect(throws: SimulatorError.self) { _ = try BedrockSimulator(settings) }
    }
}
