import Foundation
import Simulator
import Testing

/// HTTP/1.1 as the simulator reads and writes it.
@Suite struct SimulatorLoopTests {
    @Test func `pipelined requests are answered in order`() throws {
        let simulator = try BedrockSimulator()
        simulator.setScript(ModelScript(text: .echo))
        let probe = try HTTPProbe(simulator)
        try probe.send((0..<50).map { ConverseText.request(text: "number \($0)") }.joined())
        for number in 0..<50 { #expect(try probe.receive().body.contains("\"number \(number)\"")) }
    }

    @Test func `a request behind a slow one waits for its turn`() throws {
        let simulator = try BedrockSimulator()
        simulator.setScripts([
            ScriptEntry("slow", ModelScript(latency: .fixed(.milliseconds(60)), text: .fixed("slow"))),
            ScriptEntry("fast", ModelScript(text: .fixed("fast"))),
        ])
        let probe = try HTTPProbe(simulator)
        try probe.send(
            ConverseText.request("fast") + ConverseText.request("slow") + ConverseText.request("fast")
                + ConverseText.request("slow"))
        for expected in ["fast", "slow", "fast", "slow"] { #expect(try probe.receive().body.contains(expected)) }
        #expect(try probe.converse("fast").status == 200)
        #expect(simulator.inFlight == 0)
    }

    @Test func `a request may come in any number of pieces`() throws {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        for byte in Array(ConverseText.request().utf8) { try probe.send([byte]) }
        #expect(try probe.receive().status == 200)
        let request = Array(ConverseText.request().utf8)
        try probe.send(Array((request + request)[..<(request.count + 40)]))
        #expect(try probe.receive().status == 200)
        try probe.send(Array(request[40...]))
        #expect(try probe.receive().status == 200)
    }

    @Test func `a body of two megabytes is read to its end`() throws {
        let simulator = try BedrockSimulator()
        simulator.setScript(ModelScript(text: .echo))
        let probe = try HTTPProbe(simulator)
        let text = String(repeating: "long ", count: 400_000)
        #expect(try probe.converse(text: text).body.contains(text))
        #expect(try probe.converse(text: "short").body.contains("short"))
    }

    @Test func `a chunked request is refused and the connection closed`() throws {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        try probe.send("POST /model/m/converse HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        let answer = try probe.receive()
        #expect(answer.status == 411)
        #expect(answer.headers["connection"] == "close")
        #expect(try probe.isAtEnd())
    }

    @Test func `who expects 100-continue is told to go on`() throws {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        let request = ConverseText.request(headers: "Expect: 100-continue\r\n")
        let end = try #require(request.range(of: "\r\n\r\n")).upperBound
        try probe.send(String(request[..<end]))
        #expect(try probe.receiveHead() == "HTTP/1.1 100 Continue")
        try probe.send(String(request[end...]))
        #expect(try probe.receive().status == 200)
    }

    @Test func `a client that asks for it gets its connection closed`() throws {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        try probe.send(ConverseText.request(headers: "Connection: close\r\n"))
        #expect(try probe.receive().headers["connection"] == "close")
        #expect(try probe.isAtEnd())
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 404), ("POST /model/m/converse-more HTTP/1.1\r\n\r\n", 404),
        ("GET /model/m/converse HTTP/1.1\r\n\r\n", 404), ("POST /model//converse HTTP/1.1\r\n\r\n", 404),
        ("POST /model/%zz/converse HTTP/1.1\r\n\r\n", 404), ("nonsense\r\n\r\n", 400),
        ("POST /model/m/converse HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        ("POST /model/m/converse HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 70_000))", 431),
    ])
    func `what is not a Bedrock request is refused in Bedrock's form`(request: String, status: Int) throws {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        try probe.send(request)
        let answer = try probe.receive()
        #expect(answer.status == status)
        #expect(answer.headers["x-amzn-errortype"] != nil)
        #expect(answer.body.hasPrefix(#"{"message":""#))
    }

    @Test func `random bytes neither stop nor stall it`() throws {
        let simulator = try BedrockSimulator()
        var random = SeededBytes(seed: 7)
        for _ in 0..<200 {
            let probe = try HTTPProbe(simulator)
            // The simulator may close before all is sent.
            try? probe.send((0..<300).map { _ in random.next() } + Array("\r\n\r\n".utf8))
        }
        #expect(try HTTPProbe(simulator).converse().status == 200)
    }

    @Test func `a request whose client leaves is given up`() async throws {
        let simulator = try BedrockSimulator()
        simulator.setScript(ModelScript(steps: [.hang]))
        do {
            let probe = try HTTPProbe(simulator)
            try probe.send(ConverseText.request())
            await eventually { simulator.inFlight == 1 }
        }
        await eventually { simulator.inFlight == 0 && simulator.connections == 0 }
        #expect(simulator.journal.abandoned == 1)
        #expect(simulator.journal.count("m", "hang") == 1)
    }
}

/// Looks until `condition` holds; gives up after 20 seconds.
func eventually(_ condition: () -> Bool) async {
    let deadline = ContinuousClock.now + .seconds(20)
    while !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("the condition never came true")
            return
        }
        await Task.yield()
    }
}

/// Bytes that are the same in every run.
struct SeededBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
}
