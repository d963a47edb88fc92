import Configuration
import Glibc

/// The composition root: reads the command line, loads the configuration, runs the command.
@main
struct Main {
    /// Not `async`: libdispatch would then park this thread with every signal unblocked, and SIGTERM end the process.
    /// So nothing serves the main actor, and the command is detached from it.
    static func main() {
        let options: CommandLineOptions
        do throws(CommandLineError) {
            options = try CommandLineOptions(Array(CommandLine.arguments.dropFirst()))
        } catch {
            StandardStreams.write(
                "bedrock-relay: \(error.message)\ntry: bedrock-relay \(error.topic.helpArguments)\n", to: STDERR_FILENO)
            exit(ExitCode.usage.rawValue)
        }
        if case .run = options { AllocatorTuning.apply() }
        signal(SIGPIPE, SIG_IGN)
        switch options {
        case .run, .redrive: Signals.block()
        case .check, .demo, .request, .help, .version: break  // these end at the first signal, as programs do
        }
        // Not exit(): its handlers would free what threads of librdkafka that outlived their deadline still use.
        Task.detached { _exit(await run(options).rawValue) }
        while true { pause() }
    }

    private static func run(_ options: CommandLineOptions) async -> ExitCode {
        let environment = ProcessEnvironment.values
        switch options {
        case .help(let topic):
            StandardStreams.write(topic.text, to: STDOUT_FILENO)
            return .success
        case .version:
            StandardStreams.write("bedrock-relay \(Version.text)\n", to: STDOUT_FILENO)
            return .success
        case .run(let files):
            let loader = ConfigurationLoader(files: files, environment: environment, needsBrokers: true)
            return await withConfiguration(loader) { await RunCommand.run($0, from: loader) }
        case .check(let files):
            let loader = ConfigurationLoader(files: files, environment: environment, needsBrokers: false)
            return await withConfiguration(loader) { CheckCommand.run($0) }
        case .request(let options):
            let loader = ConfigurationLoader(
                files: options.configurations, environment: environment, needsBrokers: true)
            return await withConfiguration(loader) { await RequestCommand.run(options, $0) }
        case .redrive(let options):
            let loader = ConfigurationLoader(
                files: options.configurations, environment: environment, needsBrokers: true)
            return await withConfiguration(loader) { await RedriveCommand.run(options, $0) }
        case .demo(let route):
            return await Demo.run(only: route.flatMap(DemoRoute.init(rawValue:)), environment: environment)
        }
    }

    /// Loads the configuration and runs `body` with it, or prints every problem and answers with the exit code for it.
    private static func withConfiguration(
        _ loader: ConfigurationLoader, _ body: (ServiceConfiguration) async -> ExitCode
    ) async -> ExitCode {
        do throws(ConfigurationErrors) {
            return await body(try loader.load())
        } catch {
            for problem in error.problems { StandardStreams.write("\(problem)\n", to: STDERR_FILENO) }
            return .usage
        }
    }
}

extension HelpTopic {
    fileprivate var helpArguments: String { self == .overview ? "--help" : "\(rawValue) --help" }
}

/// The environment, read once at start.
enum ProcessEnvironment {
    static var values: [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { values[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return values
    }
}
