import Configuration
import Testing

/// Files of the repository, found from this file's place in it.
enum RepositoryFiles {
    static func path(_ relative: String, here: String = #filePath) -> String {
        let parts = here.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/" + relative
    }
}

/// Loads `text` as the file `test.yaml`.
func load(_ text: String, environment: [String: String] = [:]) throws(ConfigurationErrors) -> ServiceConfiguration {
    try ServiceConfiguration.load(
        sources: [ConfigurationSource(name: "test.yaml", text: text)], environment: environment)
}

/// What is wrong with `text`; empty when it loads.
func problems(in text: String, environment: [String: String] = [:]) -> [String] {
    do {
        _ = try load(text, environment: environment)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// What `text` is warned about.
func warnings(for text: String, environment: [String: String] = [:]) throws -> [String] {
    try load(text, environment: environment).warnings.map(\.description)
}

extension ServiceConfiguration {
    /// The warnings without the folder of the file that they are about.
    var shortWarnings: [String] {
        warnings.map { warning in
            let name = warning.file.split(separator: "/").last ?? ""
            return "\(name):\(warning.line): \(warning.key): \(warning.message)"
        }
    }
}
