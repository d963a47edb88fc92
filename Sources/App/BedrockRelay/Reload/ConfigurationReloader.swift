import Bedrock
import Configuration
import EventLoop
import Logging

/// Reads the configuration again when asked to: one reading at a time, off the request path.
///
/// A new configuration is taken whole or not at all. One with problems, or with a change that takes a restart, is
/// logged problem by problem, and the old one stays.
actor ConfigurationReloader {
    enum Trigger: String, Sendable {
        case signal = "SIGHUP"
        case files = "watch_config"
    }

    private let loader: ConfigurationLoader
    private let relay: Relay
    private let logger: Logger
    private var configuration: ServiceConfiguration
    private var watch: FileWatch?
    private let triggers: AsyncStream<Trigger>
    private let input: AsyncStream<Trigger>.Continuation

    init(_ loader: ConfigurationLoader, _ configuration: ServiceConfiguration, relay: Relay, logger: Logger) {
        self.loader = loader
        self.configuration = configuration
        self.relay = relay
        self.logger = logger
        // Whatever comes during a reading is one more reading after it.
        (triggers, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks for a reading; callable from anywhere.
    nonisolated func trigger(_ trigger: Trigger) { input.yield(trigger) }

    /// Serves triggers until its task is cancelled.
    func run() async {
        updateWatch()
        for await trigger in triggers { await reload(trigger) }
        watch = nil
    }

    private func reload(_ trigger: Trigger) async {
        let outcome: Relay.ReloadOutcome
        do throws(ConfigurationErrors) {
            outcome = try await adopt(try loader.load(), trigger)
        } catch {
            refuse(error.problems, trigger)
            outcome = .refused
        }
        await relay.noteReload(outcome)
    }

    private func adopt(
        _ new: ServiceConfiguration, _ trigger: Trigger
    ) async throws(ConfigurationErrors) -> Relay.ReloadOutcome {
        let difference = new.difference(from: configuration)
        guard difference.refusals.isEmpty else { throw ConfigurationErrors(problems: difference.refusals) }
        let targets = try Preflight.bedrockTargets(of: new)
        log(difference, new)
        await relay.reconfigure(new, targets: targets)
        configuration = new
        updateWatch()
        logger.info(
            difference.isEmpty ? "configuration unchanged" : "configuration reloaded",
            [
                "trigger": .string(trigger.rawValue), "changes": .integer(difference.changes.count),
                "deployments": .integer(new.deployments.count),
            ])
        return difference.isEmpty ? .unchanged : .adopted
    }

    private func updateWatch() {
        guard configuration.relay.watchConfig else {
            watch = nil
            return
        }
        if let watch { return watch.setFiles(configuration.files) }
        watch = FileWatch(configuration.files) { [weak self] in self?.trigger(.files) }
    }

    private func refuse(_ problems: [ConfigurationProblem], _ trigger: Trigger) {
        for problem in problems {
            logger.error("configuration problem", ["problem": .string(problem.description)])
        }
        logger.error(
            "configuration not reloaded; the old one stays",
            ["trigger": .string(trigger.rawValue), "problems": .integer(problems.count)])
    }

    /// More changes than these are counted: somebody has replaced the whole file.
    private static let longestDiff = 100

    /// Before it takes effect: the new one may be to log less.
    private func log(_ difference: ConfigurationDifference, _ new: ServiceConfiguration) {
        for warning in new.warnings { logger.warning("configuration", ["problem": .string(warning.description)]) }
        for change in difference.changes.prefix(Self.longestDiff) {
            logger.info("configuration changed", ["key": .string(change.key), "change": .string(change.text)])
        }
    }
}
