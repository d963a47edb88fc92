import Configuration
import EventLoop
import Simulator
import Time

/// `bedrock-relay demo`: the sample routes on an embedded broker and a simulated Bedrock, shown as they happen.
@RequestPath
struct Demo {
    private let terminal: Terminal
    private var results: [(route: DemoRoute, outcome: DemoOutcome)] = []
    private let loop = EventLoop.shared

    /// Runs one route, or all of them. Success only if every step did what it says.
    static func run(only route: DemoRoute?, environment: [String: String]) async -> ExitCode {
        FileDescriptorLimit.raise()
        var demo = Demo(terminal: Terminal(environment: environment))
        do {
            try await demo.play(route.map { [$0] } ?? DemoRoute.allCases)
        } catch {
            demo.terminal.line(demo.terminal.styled("the demo could not run: \(error)", .red))
            return .failure
        }
        return demo.summarise()
    }

    private mutating func play(_ routes: [DemoRoute]) async throws {
        let start = loop.now
        terminal.line(terminal.styled("Bedrock Relay demo", .bold))
        terminal.line("Requests go to a Kafka topic, are routed to Amazon Bedrock, and are answered on a reply topic.")
        terminal.line(
            "Broker and Bedrock are simulated inside this process; configuration, consumer and router are the real ones."
        )
        terminal.line()
        terminal.write("starting broker and simulator ... ", to: 1)
        let world = try DemoWorld(routes: routes)
        terminal.line("done (brokers at \(world.brokers), Bedrock at \(world.endpoint))")
        terminal.write("joining \(routes.count) consumer group\(routes.count == 1 ? "" : "s") ... ", to: 1)
        let stages = try await world.stages(for: routes)
        terminal.line("done after \(loop.now.since(start).tenths) s")
        for stage in stages { await show(stage) }
        for stage in stages { await stage.stop() }
        world.stop()
    }

    private mutating func show(_ stage: DemoStage) async {
        let route = stage.route
        terminal.line()
        terminal.line(terminal.styled("\(route.title)", .bold) + "  config/route/\(route.rawValue).yaml")
        terminal.line(route.promise)
        do {
            let outcome = try await DemoScript(stage: stage, terminal: terminal).play()
            terminal.line("  " + terminal.styled("as promised: ", .green) + outcome.summary)
            results.append((route, outcome))
        } catch {
            terminal.line("  " + terminal.styled("not as promised: \(error)", .red))
            results.append((route, DemoOutcome(requests: 0, isAsPromised: false, summary: "\(error)")))
        }
    }

    private func summarise() -> ExitCode {
        terminal.line()
        terminal.line(terminal.styled("Summary", .bold))
        let width = results.map { $0.route.title.count }.max() ?? 0
        for (route, outcome) in results {
            let mark = outcome.isAsPromised ? terminal.styled("ok    ", .green) : terminal.styled("failed", .red)
            terminal.line("  \(mark)  \(route.title.padded(to: width))  \(outcome.summary)")
        }
        let isGood = !results.isEmpty && results.allSatisfy(\.outcome.isAsPromised)
        terminal.line()
        terminal.line("Try next:")
        terminal.line("  bedrock-relay check --config config/relay.yaml --config config/route/fallbacks.yaml")
        terminal.line("  bedrock-relay run   --config config/relay.yaml --config config/route/fallbacks.yaml")
        terminal.line("  bedrock-relay request --config config/relay.yaml --model claude-3-sonnet \"What is Kafka?\"")
        terminal.line(
            "(the programs are in .build/release; run needs a Kafka broker and AWS credentials, see README.md)")
        return isGood ? .success : .failure
    }
}

/// What one route's part came to.
struct DemoOutcome: Sendable {
    var requests: Int
    var isAsPromised: Bool
    var summary: String
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Duration {
    /// Seconds with one decimal.
    var tenths: String {
        let tenths = Int((inSeconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
