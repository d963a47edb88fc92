/// Where the `litellm_params` of one deployment were written, for problems that only its provider can find.
///
/// It keeps places and no values: those may be secrets.
struct DeploymentOrigin: Sendable {
    private struct Place {
        var file: String
        var line: Int
    }

    private let path: String
    private let place: Place
    private let keys: [String: Place]

    init(_ parameters: SectionReader) {
        path = parameters.location.path
        place = Place(file: parameters.node.file, line: parameters.node.line)
        let entries = parameters.node.mapping ?? []
        keys = Dictionary(entries.map { ($0.key, Place(file: $0.value.file, line: $0.value.line)) }) { first, _ in first
        }
    }

    /// A problem with `key`; one that is not written down (an environment variable) is a problem of the whole.
    func problem(with key: String, _ message: String) -> ConfigurationProblem {
        guard let place = keys[key] else {
            return ConfigurationProblem(
                file: self.place.file, line: self.place.line, key: path, message: "\(key): \(message)")
        }
        return ConfigurationProblem(file: place.file, line: place.line, key: "\(path).\(key)", message: message)
    }
}
