import Redaction
import YAML

/// Every value of a configuration under its full key: what two configurations are compared by.
struct SettingTable: Sendable {
    struct Entry: Sendable {
        var file: String
        var line: Int
        /// As written; nil: it may be a secret.
        var shown: String?
        /// After variables were replaced.
        var value: Secret
    }

    private(set) var entries: [String: Entry] = [:]
    /// In the order of the files.
    private(set) var keys: [String] = []

    /// `knownKeys`: the patterns of keys that have a meaning; what is not known is compared, but never shown.
    init(_ root: YAMLNode, environment: EnvironmentVariables, knownKeys: Set<String>) {
        let values = Values(expansion: VariableExpansion(environment: environment), knownKeys: knownKeys)
        for section in root.mapping ?? [] {
            let key = KeyLocation().key(section.key)
            if section.key == "model_list" {
                addModels(section.value, at: key, values)
            } else {
                add(section.value, at: key, values)
            }
        }
    }

    /// Deployments go by their id or group, not by their place: one more in front is one change.
    private mutating func addModels(_ list: YAMLNode, at key: KeyLocation, _ values: Values) {
        var counts: [String: Int] = [:]
        for entry in list.sequence ?? [] {
            let name = entry["model_info"]?["id"]?.scalar?.text ?? entry["model_name"]?.scalar?.text ?? "?"
            let count = counts[name, default: 0] + 1
            counts[name] = count
            var location = key.element(0)
            location.path = "\(key.path)[\(name)\(count > 1 ? " #\(count)" : "")]"
            add(entry, at: location, values)
        }
    }

    private mutating func add(_ node: YAMLNode, at key: KeyLocation, _ values: Values) {
        switch node.content {
        case .scalar(let scalar):
            if entries[key.path] == nil { keys.append(key.path) }
            entries[key.path] = Entry(
                file: node.file, line: node.line, shown: values.mayBeShown(key) ? scalar.text.withoutUserInfo : nil,
                value: Secret(values.expanded(scalar.text)))
        case .sequence(let elements):
            for (index, element) in elements.enumerated() { add(element, at: key.element(index), values) }
        case .mapping(let members):
            for member in members { add(member.value, at: key.key(member.key), values) }
        }
    }
}

/// What the values of one configuration come to, and which of them anybody may see.
private struct Values {
    let expansion: VariableExpansion
    let knownKeys: Set<String>

    func expanded(_ text: String) -> String { (try? expansion.expand(text)) ?? text }

    /// Values that stand under a known key may be shown, unless the key is one for secrets. All of Kafka's properties
    /// and of the environment's variables are, and parameters that are passed on as they are may be.
    func mayBeShown(_ key: KeyLocation) -> Bool {
        let parts = key.pattern.split(separator: ".")
        guard let section = parts.first, !["kafka", "environment_variables", "general_settings"].contains(section)
        else {
            return false
        }
        let isModel = section.hasPrefix("model_list")
        var setting = parts.prefix(isModel ? 3 : 2).joined(separator: ".")
        while setting.hasSuffix("[]") { setting.removeLast(2) }
        let name = setting.split(separator: ".").last ?? ""
        return knownKeys.contains(setting) && name != "default_litellm_params"
            && !DeploymentDigest.secretKeys.contains(String(name))
    }
}
