import YAML

/// What reading one configuration shares: the variables, and every problem found so far.
final class ReadingContext {
    let environment: EnvironmentVariables
    private(set) var errors: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    /// Patterns of all keys that were asked for (`KeyLocation.pattern`).
    private(set) var knownKeys: Set<String> = []
    /// Model groups that settings speak of, to be checked once the groups are known.
    private(set) var groupReferences: [(node: YAMLNode, key: KeyLocation, group: String)] = []

    /// Whether every file could be read: else variables may be set in one that could not.
    private let isWhole: Bool

    init(environment: EnvironmentVariables, isWhole: Bool = true) {
        self.environment = environment
        self.isWhole = isWhole
    }

    /// A context over other variables that has found what `earlier` has found.
    init(environment: EnvironmentVariables, continuing earlier: ReadingContext) {
        self.environment = environment
        isWhole = earlier.isWhole
        errors = earlier.errors
        warnings = earlier.warnings
    }

    func error(_ node: YAMLNode, _ key: KeyLocation, _ message: String) {
        errors.append(ConfigurationProblem(file: node.file, line: node.line, key: key.path, message: message))
    }

    func warn(_ node: YAMLNode, _ key: KeyLocation, _ message: String) {
        warnings.append(ConfigurationProblem(file: node.file, line: node.line, key: key.path, message: message))
    }

    func know(_ key: KeyLocation) { knownKeys.insert(key.pattern) }

    func refer(to group: String, at node: YAMLNode, _ key: KeyLocation) {
        groupReferences.append((node, key, group))
    }

    /// `scalar` with its variables replaced, as text then; nil when that has failed, which was reported unless a file
    /// that could not be read may be why.
    func expand(_ scalar: YAMLScalar, at node: YAMLNode, _ key: KeyLocation) -> YAMLScalar? {
        do {
            let text = try VariableExpansion(environment: environment).expand(scalar.text)
            return text.map { YAMLScalar($0, style: .quoted) } ?? scalar
        } catch .unset where !isWhole {
            return nil
        } catch {
            self.error(node, key, "\(error) (a literal dollar is written $$)")
            return nil
        }
    }
}
