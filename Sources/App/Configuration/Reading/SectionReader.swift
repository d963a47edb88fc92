import YAML

/// Reads one mapping, a line per key, and knows afterwards which of its keys nobody asked for.
final class SectionReader {
    enum UnknownKeys { case areErrors, areWarnings }

    let node: YAMLNode
    let location: KeyLocation
    let context: ReadingContext
    private var asked: Set<String> = []
    private var suggestible: [String] = []
    private let values: [String: YAMLNode]

    /// `node` is what stands under the section's key; nil or null: an empty section, missing in `parent`.
    init(_ node: YAMLNode?, in parent: YAMLNode? = nil, at location: KeyLocation, _ context: ReadingContext) {
        let place = node ?? parent
        let empty = YAMLNode(.mapping([]), file: place?.file ?? "configuration", line: place?.line ?? 0)
        let mapping = node.flatMap { $0.mapping == nil ? nil : $0 } ?? empty
        self.node = mapping
        values = Dictionary((mapping.mapping ?? []).lazy.map { ($0.key, $0.value) }) { first, _ in first }
        self.location = location
        self.context = context
        if let node, node.mapping == nil, !node.isNull { context.error(node, location, "expected a mapping") }
    }

    /// Reads `key` into `property`, which keeps its default when the key is missing, null or wrong.
    func read<Value>(_ key: String, _ type: ValueType<Value>, into property: inout Value) {
        guard let node = take(key) else { return }
        if case .value(let value) = type.read(node, location.key(key), context) { property = value }
    }

    /// Reads `key` into `property`; null clears it.
    func read<Value>(_ key: String, _ type: ValueType<Value>, into property: inout Value?) {
        guard let node = take(key) else { return }
        switch type.read(node, location.key(key), context) {
        case .value(let value): property = value
        case .absent: property = nil
        case .invalid: break
        }
    }

    func value<Value>(_ key: String, _ type: ValueType<Value>) -> Value? {
        var value: Value?
        read(key, type, into: &value)
        return value
    }

    /// The value of a key that must be there.
    func required<Value>(_ key: String, _ type: ValueType<Value>) -> Value? {
        guard let node = take(key), !node.isNull else {
            context.error(self[key] ?? node, location.key(key), "is missing, and is required")
            return nil
        }
        return value(key, type)
    }

    func section(_ key: String) -> SectionReader {
        SectionReader(take(key), in: node, at: location.key(key), context)
    }

    /// Whether `key` is there with a value.
    func has(_ key: String) -> Bool { self[key].map { !$0.isNull } ?? false }

    subscript(key: String) -> YAMLNode? { values[key] }

    /// Warns about each of `keys` that is set: LiteLLM knows it, and it has no effect here, because of `reason`.
    func warnUnsupported(_ keys: [String], because reason: String) {
        for key in keys {
            asked.insert(key)
            guard let node = self[key] else { continue }
            context.warn(node, location.key(key), "is not supported and has no effect: \(reason)")
        }
    }

    /// Like `warnUnsupported`, for every key that starts with `prefix`.
    func warnUnsupported(prefix: String, because reason: String) {
        warnUnsupported((node.mapping ?? []).map(\.key).filter { $0.hasPrefix(prefix) }, because: reason)
    }

    /// Lets samples' misspelling of `key` work: reads it instead unless the right one is there, with a warning.
    func acceptMisspelling<Value>(
        _ misspelling: String, of key: String, _ type: ValueType<Value>, into property: inout Value
    ) {
        asked.insert(misspelling)
        guard let node = self[misspelling] else { return }
        let isOverruled = has(key)
        let effect = isOverruled ? "is ignored, since \(key) is given as well" : "is read as \(key)"
        context.warn(node, location.key(misspelling), "is not a LiteLLM key and \(effect)")
        if !isOverruled, case .value(let value) = type.read(node, location.key(misspelling), context) {
            property = value
        }
    }

    /// Reports the keys that nobody has asked for, each with the nearest known key.
    func finish(unknownKeys: UnknownKeys) {
        for entry in node.mapping ?? [] where !asked.contains(entry.key) {
            var place = entry.value
            place.line = entry.keyLine
            let hint = EditDistance.nearest(to: entry.key, among: suggestible).map { "; did you mean \($0)?" } ?? ""
            switch unknownKeys {
            case .areErrors:
                let expected = hint.isEmpty ? ", expected one of \(suggestible.joined(separator: ", "))" : hint
                context.error(place, location.key(entry.key), "is not a known key\(expected)")
            case .areWarnings:
                context.warn(place, location.key(entry.key), "is not a known key and has no effect\(hint)")
            }
        }
    }

    private func take(_ key: String) -> YAMLNode? {
        if asked.insert(key).inserted { suggestible.append(key) }
        context.know(location.key(key))
        return self[key]
    }
}
