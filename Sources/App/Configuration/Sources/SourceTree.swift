import YAML

/// Reads the sources into one tree: `include:` lists honoured, later sources winning.
///
/// Every node keeps the file and line it came from, so a message about a merged value names its origin.
struct SourceTree {
    private(set) var root: YAMLNode
    private(set) var problems: [ConfigurationProblem] = []
    /// Files in the order in which they were read.
    private(set) var files: [String] = []
    private let expansion: VariableExpansion
    /// More are a mistake, such as a cycle through links that goes by ever new names.
    private static let fileLimit = 256

    /// `environment` is for variables in `include:`.
    init(_ sources: [ConfigurationSource], environment: EnvironmentVariables) {
        expansion = VariableExpansion(environment: environment)
        root = YAMLNode(.mapping([]), file: sources.first?.name ?? "configuration", line: 1)
        for source in sources {
            guard let node = read(source, including: []) else { continue }
            root = Self.merge(node, over: root)
        }
    }

    static func read(file: String) -> Result<ConfigurationSource, ConfigurationErrors> {
        do throws(ConfigurationFile.Failure) {
            return .success(ConfigurationSource(name: file, text: try ConfigurationFile.text(of: file)))
        } catch {
            let problem = ConfigurationProblem(file: file, line: 0, key: "", message: error.message)
            return .failure(ConfigurationErrors(problems: [problem]))
        }
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
            guard let file = includedFile(element) else { continue }
            guard !parents.contains(file) else {
                let cycle = (parents + [file]).joined(separator: " > ")
                report(element, key: "include", "\(file) includes itself: \(cycle)")
                continue
            }
            guard files.count < Self.fileLimit else {
                report(element, key: "include", "more than \(Self.fileLimit) files are included")
                return
            }
            switch Self.read(file: file) {
            case .success(let source):
                if let included = read(source, including: parents) { node = Self.combine(included, into: node) }
            case .failure(let failure):
                for problem in failure.problems { report(element, key: "include", "\(file) \(problem.message)") }
            }
        }
    }

    /// The path that `element` names, relative to its own file.
    private mutating func includedFile(_ element: YAMLNode) -> String? {
        guard let written = element.scalar?.text else {
            report(element, key: "include", "expected a list of file names")
            return nil
        }
        do {
            return Self.path(try expansion.expand(written) ?? written, relativeTo: element.file)
        } catch {
            report(element, key: "include", "\(error)")
            return nil
        }
    }

    private mutating func report(_ node: YAMLNode, key: String, _ message: String) {
        problems.append(ConfigurationProblem(file: node.file, line: node.line, key: key, message: message))
    }

    /// `.` and `..` are resolved, so that a cycle shows as the same name again.
    private static func path(_ path: String, relativeTo file: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        var parts = file.split(separator: "/").dropLast()
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (file.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
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
        let places = Dictionary(entries.indices.lazy.map { [entries] in (entries[$0].key, $0) }) { first, _ in first }
        for addition in additions {
            guard let index = places[addition.key] else {
                entries.append(addition)
                continue
            }
            let existing = entries[index].value
            // A section whose keys are all commented out says nothing.
            if existing.mapping != nil, addition.value.isNull { continue }
            let isMapping = existing.mapping != nil && addition.value.mapping != nil
            entries[index].value = isMapping ? merge(addition.value, over: existing) : leaf(addition.value, existing)
            entries[index].keyLine = addition.keyLine
        }
        return YAMLNode(.mapping(entries), file: earlier.file, line: earlier.line)
    }
}
