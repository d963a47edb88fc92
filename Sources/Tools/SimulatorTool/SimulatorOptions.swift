import Simulator

/// What the command line asks for.
enum SimulatorOptions {
    case help
    case version
    case run(BedrockSimulator.Settings)

    static let versionText = "0.1.0"

    /// Reads all of the arguments, so that every mistake is told at once.
    static func parse(_ arguments: [String]) throws(UsageError) -> SimulatorOptions {
        if arguments.contains("--help") || arguments.contains("-h") { return .help }
        if arguments.contains("--version") { return .version }
        var reader = OptionReader()
        reader.read(arguments)
        return .run(try reader.settings())
    }
}

/// A command line that cannot be followed; one problem a line.
struct UsageError: Error {
    let problems: [String]
}

/// Collects options and problems.
private struct OptionReader {
    private var port: Int?
    private var latency = LatencyDistribution.none
    private var models: [String] = []
    private var scriptFiles: [String] = []
    private var partial = BedrockSimulator.Settings()
    private var problems: [String] = []

    private static let flags = ["--keep-journal", "--no-signature-check"]
    private static let valued = ["--port", "--latency", "--model", "--script", "--journal", "--max-skew"]

    mutating func read(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if Self.flags.contains(argument) {
                setFlag(argument)
            } else if Self.valued.contains(name) {
                if let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() {
                    set(name, to: value)
                } else {
                    problems.append("\(name): a value is expected")
                }
            } else {
                problems.append("unknown option '\(argument)'")
            }
        }
        if port == nil, !problems.contains(where: { $0.hasPrefix("--port") }) {
            problems.append("--port: expected; 0 chooses a free one")
        }
    }

    private mutating func setFlag(_ flag: String) {
        if flag == "--keep-journal" { partial.keepsEntries = true }
        if flag == "--no-signature-check" { partial.signatures = .off }
    }

    private mutating func set(_ name: String, to value: String) {
        switch name {
        case "--port": setPort(value)
        case "--latency": setLatency(value)
        case "--model": models.append(value)
        case "--script": scriptFiles.append(value)
        case "--journal": partial.journalFile = value
        default: setSkew(value)
        }
    }

    private mutating func setPort(_ value: String) {
        guard let number = Int(value), 0...65_535 ~= number else {
            return problems.append("--port: '\(value)' is not a port; expected 0 to 65535")
        }
        port = number
    }

    private mutating func setLatency(_ value: String) {
        guard let latency = LatencyDistribution(value) else {
            return problems.append("--latency: '\(value)' is not 50ms, 20..200ms or 200ms~2s")
        }
        self.latency = latency
    }

    private mutating func setSkew(_ value: String) {
        guard case .fixed(let skew)? = LatencyDistribution(value) else {
            return problems.append("--max-skew: '\(value)' is not a time, such as 5m")
        }
        partial.signatures = .shapeAndDate(maximumSkew: skew)
    }

    /// Scripts start from `--latency`, wherever on the line it stood; later ones win.
    mutating func settings() throws(UsageError) -> BedrockSimulator.Settings {
        let base = ModelScript(latency: latency)
        partial.scripts = [ScriptEntry("*", base)]
        for file in scriptFiles { readScript(file, base: base) }
        for model in models {
            do throws(ScriptError) {
                partial.scripts.append(try ScriptEntry(argument: model, base: base))
            } catch {
                problems.append("--model: \(error)")
            }
        }
        guard problems.isEmpty else { throw UsageError(problems: problems) }
        partial.port = port ?? 0
        return partial
    }

    private mutating func readScript(_ file: String, base: ModelScript) {
        guard let text = TextFile.read(file) else { return problems.append("--script: cannot read '\(file)'") }
        do throws(ScriptError) {
            partial.scripts += try ScriptEntry.list(text: text, base: base)
        } catch {
            problems.append("--script: \(file): \(error)")
        }
    }
}
