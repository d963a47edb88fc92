/// What the command line asks for.
enum BenchmarkOptions {
    case help
    case measure([Scenario], isQuick: Bool)
    /// A part of a scenario, in a process of its own.
    case part(Part, [String])

    enum Part: String, Sendable {
        case broker
        case httpFloor = "http-floor"
        case kafkaFloor = "kafka-floor"
    }

    init(_ arguments: [String]) throws(UsageError) {
        if let part = arguments.first.flatMap(Part.init(rawValue:)) {
            self = .part(part, Array(arguments.dropFirst()))
            return
        }
        var chosen: Set<Scenario> = []
        var isQuick = false
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--help", "-h":
                self = .help
                return
            case "--quick": isQuick = true
            case "--only": chosen.insert(try Self.scenario(rest.popFirst()))
            case _ where argument.hasPrefix("--only="): chosen.insert(try Self.scenario(String(argument.dropFirst(7))))
            default: throw UsageError(message: "unknown option '\(argument)'")
            }
        }
        self = .measure(Scenario.allCases.filter { chosen.isEmpty || chosen.contains($0) }, isQuick: isQuick)
    }

    private static func scenario(_ name: String?) throws(UsageError) -> Scenario {
        guard let scenario = name.flatMap(Scenario.init(rawValue:)) else {
            let names = Scenario.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError(message: "--only: expected one of \(names)")
        }
        return scenario
    }

    static let helpText = """
        Usage: relay-benchmarks [--quick] [--only NAME ...]

        Measures the relay beside what its libraries alone cost, on this machine and in this run, and prints one table.
        Progress goes to standard error. Takes about three minutes.

          --quick      shorter runs: less exact, under two minutes
          --only NAME  this part; repeat it for more
          --help

        Parts:
        \(Scenario.allCases.map { "  \($0.rawValue)\(String(repeating: " ", count: 13 - $0.rawValue.count))\($0.summary)" }
            .joined(separator: "\n"))

        Exit codes: 0, whatever the figures are; 1: something could not be measured; 2: bad command line.

        """
}

/// A command line that cannot be followed.
struct UsageError: Error {
    let message: String
}
