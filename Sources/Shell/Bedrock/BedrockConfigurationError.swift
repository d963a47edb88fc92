public import Routing

/// Everything that keeps deployments from being built, all found at once.
public struct BedrockConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        public var deployment: DeploymentID
        /// Position in the list of deployments.
        public var deploymentIndex: Int
        /// The `litellm_params` key or environment variable to look at.
        public var key: String
        public var message: String

        public var description: String { "deployment \(deployment.rawValue): \(key): \(message)" }
    }

    public var problems: [Problem]

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
