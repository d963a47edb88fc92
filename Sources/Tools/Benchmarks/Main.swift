import Glibc

/// `relay-benchmarks`: one table of what the relay costs beside its libraries alone.
@main
struct Main {
    static func main() {
        do throws(UsageError) {
            switch try BenchmarkOptions(Array(CommandLine.arguments.dropFirst())) {
            case .help: StandardStream.write(BenchmarkOptions.helpText, to: STDOUT_FILENO)
            case .measure(let scenarios, let isQuick): exit(measure(scenarios, isQuick: isQuick) ? 0 : 1)
            case .part(let part, let arguments): run(part, arguments)
            }
        } catch {
            StandardStream.write(
                "relay-benchmarks: \(error.message)\nTry 'relay-benchmarks --help'.\n", to: STDERR_FILENO)
            exit(2)
        }
    }

    /// Whether all of it could be measured.
    private static func measure(_ scenarios: [Scenario], isQuick: Bool) -> Bool {
        ChildRegistry.endWithUs()
        var report = Report()
        for scenario in scenarios {
            StandardStream.progress("\(scenario.rawValue): \(scenario.summary)")
            do throws(Unmeasurable) {
                let findings = try scenario.measure(isQuick: isQuick)
                report.rows += findings.rows
                report.goals += findings.goals
            } catch {
                report.failures.append("\(scenario.rawValue): \(error)")
            }
        }
        StandardStream.write(report.text, to: STDOUT_FILENO)
        return report.failures.isEmpty
    }

    private static func run(_ part: BenchmarkOptions.Part, _ arguments: [String]) {
        do {
            switch part {
            case .broker: try BrokerCommand.run(arguments)
            case .httpFloor: try HTTPFloorCommand.run(arguments)
            case .kafkaFloor: try KafkaFloorCommand.run(arguments)
            }
        } catch {
            StandardStream.progress("relay-benchmarks \(part.rawValue): \(error)")
            exit(1)
        }
    }
}
