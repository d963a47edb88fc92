import Foundation
import Metrics
import Testing

@Suite struct PromtoolTests {
    @Test func `Prometheus' own checker accepts the text`() throws {
        let promtool = try #require(
            ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(where: FileManager.default.isExecutableFile),
            "promtool is missing: run deploy/install-dependencies.sh --test")
        var metrics = RelayMetrics(modelGroups: ["claude-3", "hostile \"\\\n{}"])
        let failed = RoutingEvent.Attempt.sample(
            status: 503, errorType: "ServiceUnavailableError", timeToFirstToken: .milliseconds(20),
            cooldown: .seconds(1))
        metrics.record(.sample(attempts: [failed, .sample(deployment: "d-2")]))
        metrics.record(.sample(group: "hostile \"\\\n{}"))

        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: promtool)
        process.arguments = ["check", "metrics"]
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, output)
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(metrics.prometheusText(gauges: .full)))
        try input.fileHandleForWriting.close()
        let complaints = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()

        #expect(complaints.isEmpty)
        #expect(process.terminationStatus == 0)
    }
}
