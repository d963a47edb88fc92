import FoundationEssentials
import YAML

/// Reads the sources into one tree: `include:` lists honoured, later sources winning.
///
/// Every node keeps the file and line it came from, so a message about a merged value names its origin.
struct SourceTree {
    private(set) var root: YAMLNode
    private(set) var problems: [ConfigurationProblem] = []
    /// Files in the order in which they were read.
    private(set) var files: [String] = []

    init(_ sources: [ConfigurationSource]) {
        root = YAMLNode(.mapping([]), file: sources.first?.name ?? "configuration", line: 1)
        for source in sources {
            guard let node = read(source, including: []) else { continue }
            root = Self.merge(node, over: root)
        }
    }

    static func read(file: String) -> Result<ConfigurationSource, ConfigurationErrors> {
        let problem = { (message: String) in
            ConfigurationErrors(problems: [ConfigurationProblem(file: file, line: 0, key: "", message: message)])
        }
        guard let data = FileManager.default.contents(atPath: file) else {
            return .failure(problem("cannot be read, expected a YAML file"))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            return .failure(problem("is not UTF-8 text, expected a YAML file"))
        }
        return .success(ConfigurationSource(name: file, text: text))
    }

    /// `source` and what it includes; `parents` are the files that include it.
    private mutating func read(_ source: ConfigurationSource, including parents: [String]) -> YAMLNode? {
        files.append(source.name)
        do {
            let node = try YAMLParser.parse(source.text, file: source.name)
            if node.isNull { return nil }
            guard let entries = node.mapping else {
                report(node, key: "", "expected a mapping of sections (model_list, router_settings, kafka, relay ...)")
                return nil
            }
            var result = node
            result.content = .mapping(entries.filter { $0.key != "include" })
            if let list = node["include"] { include(list, into: &result, parents: parents + [source.name]) }
            return result
        } catch {
            problems.append(ConfigurationProblem(file: error.file, line: error.line, key: "", message: error.message))
            return nil
        }
    }

    private mutating func include(_ list: YAMLNode, into node: inout YAMLNode, parents: [String]) {
        for element in list.sequence ?? [list] where !element.isNull {
            guard let path = element.scalar?.text else {
                report(element, key: "include", "expected a list of file names")
                continue
            }
            let file = Self.path(path, relativeTo: list.file)
            guard !parents.contains(file) else {
                report(
                    element, key: "include", "\(file) includes itself: \((parents + [file]).joined(separator: " > "))")
                continue
            }
            switch Self.read(file: file) {
            case .success(let source):
                if let included = read(source, including: parents) { node = Self.combine(included, into: node) }
            case .failure(let failure):
                for problem in failure.problems { report(element, key: "include", "\(file) \(problem.message)") }
            }
        }
    }

    private mutating func report(_ node: YAMLNode, key: String, _ message: String) {
        problems.append(ConfigurationProblem(file: node.file, line: node.line, key: key, message: message))
    }

    private static func path(_ path: String, relativeTo file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        // `./` is dropped so that a cycle shows as the same name again.
        return String(file[...slash]) + (path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
    }

    /// `--config` twice: mappings merge, everything else is replaced by the later one.
    static func merge(_ later: YAMLNode, over earlier: YAMLNode) -> YAMLNode {
        combine(later, into: earlier) { later, _ in later }
    }

    /// LiteLLM's `include:`: like a later file, but top-level lists (`model_list`) are appended to.
    static func combine(_ included: YAMLNode, into node: YAMLNode) -> YAMLNode {
        combine(included, into: node) { included, existing in
            guard let added = included.sequence, let elements = existing.sequence else { return included }
            return YAMLNode(.sequence(elements + added), file: existing.file, line: existing.line)
        }
    }

    private static func combine(
        _ later: YAMLNode, into earlier: YAMLNode, leaf: (YAMLNode, YAMLNode) -> YAMLNode
    ) -> YAMLNode {
        guard let additions = later.mapping, var entries = earlier.mapping else { return later }
        for addition in additions {
            guard let index = entries.firstIndex(where: { $0.key == addition.key }) else {
                entries.append(addition)
                continue
            }
            let existing = entries[index].value
            let isMapping = existing.mapping != nil && addition.value.mapping != nil
            entries[index].value = isMapping ? merge(addition.value, over: existing) : leaf(addition.value, existing)
            entries[index].keyLine = addition.keyLine
        }
        return YAMLNode(.mapping(entries), file: earlier.file, line: earlier.line)
    }
}
