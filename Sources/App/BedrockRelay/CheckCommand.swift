import Bedrock
import Configuration
import Glibc

/// `bedrock-relay check`: the effective routing table, where credentials come from, every warning; touches no network.
enum CheckCommand {
    static func run(_ configuration: ServiceConfiguration) -> ExitCode {
        StandardStreams.write(ConfigurationReport(configuration).text, to: STDOUT_FILENO)
        StandardStreams.write(credentials(configuration), to: STDOUT_FILENO)
        return .success
    }

    /// Sources only, never a secret; deployments with the same source share a line.
    private static func credentials(_ configuration: ServiceConfiguration) -> String {
        guard
            let targets = try? BedrockTargets(
                deployments: configuration.bedrockDeployments, environment: configuration.environment.reveal())
        else { return "" }
        var groups: [(source: String, deployments: [String])] = []
        for deployment in configuration.deployments {
            let source = targets.describeCredentials(of: deployment.id)
            let name = "\(deployment.group) (\(deployment.modelID))"
            if let index = groups.firstIndex(where: { $0.source == source }) {
                groups[index].deployments.append(name)
            } else {
                groups.append((source, [name]))
            }
        }
        let msk =
            (try? MSKTokens.identity(of: configuration)).map { ["  \($0.description): Kafka in \($0.region)\n"] } ?? []
        let lines = groups.map { "  \($0.source): \($0.deployments.joined(separator: ", "))\n" }
        return "\nCredentials\n" + (lines + msk).joined()
    }
}
