/// One thing wrong with the configuration: `file:line: key: what is wrong, what is expected`.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// Counting from one; zero where the problem is not at a line, as with a file that cannot be read.
    public var line: Int
    /// Dotted path: `relay.partition_concurrency`, `model_list[2].litellm_params.model`. May be empty.
    public var key: String
    public var message: String

    public init(file: String, line: Int, key: String, message: String) {
        self.file = file
        self.line = line
        self.key = key
        self.message = message
    }

    public var description: String {
        let place = line > 0 ? "\(file):\(line)" : file
        return ([place, key, message].filter { !$0.isEmpty }).joined(separator: ": ")
    }
}

/// Every problem of a configuration that cannot be used.
public struct ConfigurationErrors: Error, Sendable, CustomStringConvertible {
    public var problems: [ConfigurationProblem]
    public init(problems: [ConfigurationProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
