import YAML

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
    /// Of `router_settings.default_litellm_params`.
    private let defaultKeys: [String: Place]

    init(_ parameters: SectionReader, defaults: YAMLNode?) {
        path = parameters.location.path
        place = Place(file: parameters.node.file, line: parameters.node.line)
        keys = Self.places(in: parameters.node)
        defaultKeys = Self.places(in: defaults)
    }

    private static func places(in node: YAMLNode?) -> [String: Place] {
        let places = (node?.mapping ?? []).map { ($0.key, Place(file: $0.value.file, line: $0.value.line)) }
        return Dictionary(places) { first, _ in first }
    }

    /// A problem with `key`; one that is not written down (an environment variable) is a problem of the whole.
    func problem(with key: String, _ message: String) -> ConfigurationProblem {
        if let place = keys[key] {
            return ConfigurationProblem(file: place.file, line: place.line, key: "\(path).\(key)", message: message)
        }
        if let place = defaultKeys[key] {
            return ConfigurationProblem(
                file: place.file, line: place.line, key: "router_settings.default_litellm_params.\(key)",
                message: message)
        }
        return ConfigurationProblem(file: place.file, line: place.line, key: path, message: "\(key): \(message)")
    }
}
