import Foundation
import Testing

/// The built `bedrock-simulator`, from outside.
@Suite struct SimulatorToolTests {
    /// It lies beside the test bundle.
    private static var executable: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "bedrock-simulator")
    }

    private struct Run {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()

        init(_ arguments: [String]) throws {
            process.executableURL = SimulatorToolTests.executable
            process.arguments = arguments
            process.standardOutput = output
            process.standardError = errors
            try process.run()
        }

        func finish() throws -> (code: Int32, output: String, errors: String) {
            let text = try (output.fileHandleForReading.readToEnd(), errors.fileHandleForReading.readToEnd())
            process.waitUntilExit()
            let decode = { (data: Data?) in String(decoding: data ?? Data(), as: UTF8.self) }
            return (process.terminationStatus, decode(text.0), decode(text.1))
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `it says where it listens, serves, and stops on a signal`(signal: Int32) throws {
        let run = try Run(["--port", "0", "--latency=1ms", "--model", "a.*:steps=503,200"])
        let line = String(decoding: run.output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.dropFirst("listening on 127.0.0.1:".count).dropLast()), "\(line)")
        let probe = try HTTPProbe(port: port)
        #expect(try ["a.b", "a.b", "b"].map { try probe.converse($0).status } == [503, 200, 200])
        kill(run.process.processIdentifier, signal)
        let end = try run.finish()
        #expect(end.code == 0)
        #expect(end.errors.isEmpty)
    }

    @Test func `a script file and a journal file are used`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "simulator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = folder.appending(path: "script")
        let journal = folder.appending(path: "journal")
        try "[m]\nsteps = 404\n".write(to: script, atomically: true, encoding: .utf8)
        let run = try Run(["--port", "0", "--script", script.path, "--journal", journal.path])
        let line = String(decoding: run.output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.dropFirst("listening on 127.0.0.1:".count).dropLast()), "\(line)")
        #expect(try HTTPProbe(port: port).converse(text: "[id:7]").status == 404)
        run.process.terminate()
        #expect(try run.finish().code == 0)
        #expect(try String(contentsOf: journal, encoding: .utf8).contains(#""outcome":"404","id":"7"}"#))
    }

    @Test func `help teaches and version tells`() throws {
        let help = try Run(["--help"]).finish()
        #expect(help.code == 0)
        for word in ["--port", "--latency", "--model", "--script", "--journal", "rate-limit", "Examples:"] {
            #expect(help.output.contains(word))
        }
        let version = try Run(["--version"]).finish()
        #expect(version.code == 0)
        #expect(version.output.hasPrefix("bedrock-simulator "))
    }

    @Test func `all mistakes of a command line are told at once`() throws {
        let end = try Run(["--latency", "soon", "--colour", "--model", "x", "--script", "/nowhere", "--max-skew"])
            .finish()
        #expect(end.code == 2)
        for text in [
            "--latency: 'soon' is not", "unknown option '--colour'", "--model: 'x' is not a model's script",
            "--script: cannot read '/nowhere'", "--max-skew: a value is expected", "--port: expected",
        ] { #expect(end.errors.contains(text), "\(end.errors)") }
        #expect(end.output.isEmpty)
    }

    @Test func `a port that cannot be had is a failure at run time`() throws {
        let end = try Run(["--port", "1", "--journal", "/nowhere/journal"]).finish()
        #expect(end.code == 1)
        #expect(end.errors.contains("cannot write '/nowhere/journal'"))
    }
}
