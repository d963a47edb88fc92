import Configuration

/// The command line's configuration files, to be loaded now and again later. Reads files: not for the request path.
struct ConfigurationLoader: Sendable {
    let files: [String]
    /// The process's, which does not change.
    let environment: [String: String]
    let needsBrokers: Bool

    /// Throws every problem at once, those that only the parts it is for can find included.
    func load() throws(ConfigurationErrors) -> ServiceConfiguration {
        try ServiceConfiguration.load(files: files, environment: environment) { configuration in
            Preflight.problems(in: configuration) + (needsBrokers ? configuration.missingBrokers : [])
        }
    }
}
