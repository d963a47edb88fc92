/// Builds a node from libyaml's events: one document, anchors and merge keys resolved, every size bounded.
///
/// Aliases are expanded into values, so a few lines can stand for more nodes than memory holds ("billion laughs");
/// `Limits` bounds what they stand for, and how deep nodes may nest.
public struct YAMLParser: Sendable {
    public struct Limits: Sendable {
        public var depth = 64
        /// Nodes that all aliases of a document may stand for together.
        public var aliasedNodes = 100_000

        public init() {}
    }

    /// Reads `text`, which messages call `file`. An empty document is a null scalar.
    public static func parse(
        _ text: String, file: String, limits: Limits = Limits()
    ) throws(YAMLError) -> YAMLNode {
        var composer = YAMLComposer(events: try YAMLEvents(text: text, file: file), file: file, limits: limits)
        return try composer.document()
    }
}

/// A finished node with what the limits look at.
private struct Measured {
    var node: YAMLNode
    var size = 1
    var height = 1
}

private struct YAMLComposer: ~Copyable {
    private var events: YAMLEvents
    private let file: String
    private let limits: YAMLParser.Limits
    private var anchors: [String: Measured] = [:]
    private var aliasedNodes = 0

    init(events: consuming YAMLEvents, file: String, limits: YAMLParser.Limits) {
        self.events = events
        self.file = file
        self.limits = limits
    }

    mutating func document() throws(YAMLError) -> YAMLNode {
        _ = try events.next()  // the stream's start
        guard case .documentStart = try events.next().kind else {
            return YAMLNode(.scalar(YAMLScalar("", style: .plain)), file: file, line: 1)
        }
        let root = try node(try events.next(), depth: 1).node
        _ = try events.next()  // the document's end
        let end = try events.next()
        guard case .streamEnd = end.kind else { throw error(end.line, "a second document begins, expected one") }
        return root
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Measured {
        guard depth <= limits.depth else { throw tooDeep(event.line) }
        let result: Measured
        switch event.kind {
        case .alias(let name): return try aliased(name, line: event.line, depth: depth)
        case .scalar(let text, let isQuoted):
            let style = try style(of: event, isQuoted: isQuoted)
            result = Measured(node: make(.scalar(YAMLScalar(text, style: style)), event))
        case .sequenceStart:
            try check(event, isTagged: ["tag:yaml.org,2002:seq"])
            result = try sequence(event, depth: depth)
        case .mappingStart:
            try check(event, isTagged: ["tag:yaml.org,2002:map"])
            result = try mapping(event, depth: depth)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw error(event.line, "not valid YAML: a value is missing")
        }
        // Only now: an alias inside the node it names would never end.
        if let anchor = event.anchor { anchors[anchor] = result }
        return result
    }

    private mutating func aliased(_ name: String, line: Int, depth: Int) throws(YAMLError) -> Measured {
        // Not by its name: it may be a password that wants quotes.
        guard let target = anchors[name] else {
            throw error(line, "an alias has no anchor before it; text that begins with * stands in quotes")
        }
        guard depth + target.height - 1 <= limits.depth else { throw tooDeep(line) }
        aliasedNodes += target.size
        guard aliasedNodes <= limits.aliasedNodes else {
            throw error(line, "aliases stand for more than \(limits.aliasedNodes) nodes")
        }
        return target
    }

    private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> Measured {
        var elements: [YAMLNode] = []
        var result = Measured(node: make(.sequence([]), start))
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let element = try node(event, depth: depth + 1)
            elements.append(element.node)
            result.add(element)
        }
        result.node.content = .sequence(elements)
        return result
    }

    private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> Measured {
        var entries: [YAMLNode.Entry] = []
        var merged: (entries: [YAMLNode.Entry], line: Int)?
        var lines: [String: Int] = [:]
        var result = Measured(node: make(.mapping([]), start))
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try key(event, depth: depth)
            if let first = lines.updateValue(event.line, forKey: key.text) {
                throw error(event.line, "key \"\(key.text)\" is given twice, first in line \(first)")
            }
            let value = try node(try events.next(), depth: depth + 1)
            result.add(value)
            if key.text == "<<", key.style == .plain {
                merged = (try mergeEntries(of: value.node, line: event.line), event.line)
            } else {
                entries.append(YAMLNode.Entry(key: key.text, keyLine: event.line, value: value.node))
            }
        }
        // The mapping's own keys win over merged ones, wherever `<<` stands.
        let inherited = (merged?.entries ?? []).filter { lines[$0.key] == nil }
        result.node.content = .mapping(inherited + entries)
        return result
    }

    private mutating func key(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> YAMLScalar {
        guard let scalar = try node(event, depth: depth + 1).node.scalar else {
            throw error(event.line, "a key must be a single word or text, not a list or mapping")
        }
        return scalar
    }

    /// The entries of `<<: *base` or `<<: [*first, *second]`, the earlier ones winning.
    private func mergeEntries(of node: YAMLNode, line: Int) throws(YAMLError) -> [YAMLNode.Entry] {
        var known: Set<String> = []
        var entries: [YAMLNode.Entry] = []
        for source in node.sequence ?? [node] {
            guard let mapping = source.mapping else {
                throw error(line, "\"<<\" merges a mapping or a list of mappings, and this is neither")
            }
            entries += mapping.filter { known.insert($0.key).inserted }
        }
        return entries
    }

    private func style(of event: YAMLEvent, isQuoted: Bool) throws(YAMLError) -> YAMLScalar.Style {
        switch event.tag {
        case nil: return isQuoted ? .quoted : .plain
        case "!", "tag:yaml.org,2002:str": return .quoted
        default:
            try check(event, isTagged: ["int", "float", "bool", "null"].map { "tag:yaml.org,2002:\($0)" })
            return .plain
        }
    }

    private func check(_ event: YAMLEvent, isTagged allowed: [String]) throws(YAMLError) {
        guard let tag = event.tag, !allowed.contains(tag) else { return }
        // Nor this.
        throw error(event.line, "a tag is not supported here; text that begins with ! stands in quotes")
    }

    private func make(_ content: YAMLNode.Content, _ event: YAMLEvent) -> YAMLNode {
        YAMLNode(content, file: file, line: event.line)
    }

    private func tooDeep(_ line: Int) -> YAMLError {
        error(line, "nested more than \(limits.depth) levels deep")
    }

    private func error(_ line: Int, _ message: String) -> YAMLError {
        YAMLError(file: file, line: line, message: message)
    }
}

extension Measured {
    fileprivate mutating func add(_ child: Measured) {
        // Saturating is not needed: the sum is bounded by the text's nodes plus the aliased ones.
        size += child.size
        height = max(height, child.height + 1)
    }
}
