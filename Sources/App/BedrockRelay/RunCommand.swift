import Configuration
import EventLoop
import Glibc
import Kafka
import Logging

/// `bedrock-relay run`: the consumer, until a signal or a fatal error ends it.
enum RunCommand {
    static func run(_ configuration: ServiceConfiguration, from loader: ConfigurationLoader) async -> ExitCode {
        let logger = Logger(configuration.relay)
        defer { logger.flush() }
        for warning in configuration.warnings {
            logger.warning("configuration", ["problem": .string(warning.description)])
        }
        FileDescriptorLimit.raise()
        do {
            let relay = try await Relay(
                configuration, instance: Instance.name, logger: logger)
            let admin = try AdminPages(address: configuration.relay.admin, relay: relay, logger: logger)
            try await relay.start()
            logger.info(
                "started",
                [
                    "version": .string(Version.text), "instance": .string(Instance.name),
                    "request_topics": .string(configuration.relay.requestTopics.joined(separator: " ")),
                    "admin": .string(admin.address ?? "off"),
                ])
            let reloader = ConfigurationReloader(loader, configuration, relay: relay, logger: logger)
            let reloading = Task { await reloader.run() }
            let end = await end(of: relay) { reloader.trigger(.signal) }
            reloading.cancel()
            if case .fatal(let error) = end { logger.error("fatal", ["reason": .string(error.description)]) }
            logger.info("stopping", ["reason": .string(end.description)])
            await relay.stop(abandoning: end.exitCode == .failure)
            await admin.stop()
            logger.info("stopped", [:])
            return end.exitCode
        } catch {
            logger.error("cannot start", ["reason": .string("\(error)")])
            return .failure
        }
    }

    private enum End: Sendable, CustomStringConvertible {
        case signal(Int32)
        case fatal(KafkaError)

        var description: String {
            switch self {
            case .signal(let number): number == SIGINT ? "SIGINT" : "SIGTERM"
            case .fatal(let error): error.description
            }
        }

        var exitCode: ExitCode {
            switch self {
            case .signal: .success
            case .fatal: .failure
            }
        }
    }

    /// The first of a signal and a fatal error. A second signal, during the drain, exits at once: what was not
    /// committed is read again by whoever owns the partition next.
    private static func end(of relay: Relay, onHangUp: @escaping @Sendable () -> Void) async -> End {
        let (ends, input) = AsyncStream<End>.makeStream()
        let signals = Task {
            var count = 0
            for await number in Signals.stream() {
                guard number != SIGHUP else {
                    onHangUp()
                    continue
                }
                count += 1
                if count > 1 { _exit(ExitCode.failure.rawValue) }
                input.yield(.signal(number))
            }
        }
        let fatal = Task { input.yield(.fatal(await relay.untilFatal())) }
        defer { fatal.cancel() }
        for await end in ends {
            _ = signals  // goes on, for the second signal
            return end
        }
        return .signal(SIGTERM)
    }
}

/// This process's name in routing events and dead letters: `host-pid`.
enum Instance {
    static let name: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        gethostname(&buffer, buffer.count - 1)
        let host = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(String(decoding: host, as: UTF8.self))-\(getpid())"
    }()
}

/// The process's exit codes (contract, section 1).
enum ExitCode: Int32 {
    case success = 0
    /// Fatal at run time, said in one log line.
    case failure = 1
    /// Bad command line or configuration; nothing has been started.
    case usage = 2
}

enum Version {
    static let text = "0.1.0"
}

extension Logger {
    init(_ relay: RelaySection) {
        self.init(level: Level(rawValue: relay.logLevel) ?? .info, format: Format(rawValue: relay.logFormat) ?? .json)
    }
}
