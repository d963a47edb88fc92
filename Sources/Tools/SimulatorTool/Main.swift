import Glibc
import Simulator

/// `bedrock-simulator`: a fake Bedrock runtime on loopback, for demos, tests and benchmarks.
@main
struct Main {
    static func main() {
        do throws(UsageError) {
            switch try SimulatorOptions.parse(Array(CommandLine.arguments.dropFirst())) {
            case .help: write(SimulatorOptions.helpText, to: STDOUT_FILENO)
            case .version: write("bedrock-simulator \(SimulatorOptions.versionText)\n", to: STDOUT_FILENO)
            case .run(let settings): run(settings)
            }
        } catch {
            let lines = error.problems.map { "bedrock-simulator: \($0)\n" }.joined()
            write(lines + "Try 'bedrock-simulator --help'.\n", to: STDERR_FILENO)
            exit(2)
        }
    }

    /// Serves until SIGTERM or SIGINT.
    private static func run(_ settings: BedrockSimulator.Settings) {
        // Blocked before the simulator's thread starts, which inherits it: the signals wait for sigwait below.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        do throws(SimulatorError) {
            let simulator = try BedrockSimulator(settings)
            write("listening on 127.0.0.1:\(simulator.port)\n", to: STDOUT_FILENO)
            var signal: Int32 = 0
            sigwait(&signals, &signal)
            simulator.stop()
        } catch {
            write("bedrock-simulator: \(error)\n", to: STDERR_FILENO)
            exit(1)
        }
    }

    /// Not `print`: its buffer would keep the ready line from whoever waits for it at the end of a pipe.
    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            written += count
        }
    }
}
