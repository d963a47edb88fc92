import Configuration

/// `bedrock-relay check`: the effective routing table and every warning; touches no network.
enum CheckCommand {
    static func run(_ configuration: ServiceConfiguration, environment: [String: String]) -> ExitCode {
        StandardStreams.write(ConfigurationReport(configuration).text, to: 1)
        return .success
    }
}
