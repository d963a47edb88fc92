import ChatCompletions
import JSON

/// A JSON schema in the form that its place in a Converse body takes.
struct JSONSchema {
    enum Form {
        /// Of a tool's input: `$defs` stand where they are referred to, because models do not follow references.
        case inliningDefinitions
        /// Of a structured answer: objects without a word about it are closed to members that the schema does not name.
        case closingObjects
    }

    private indirect enum Node {
        case object([(key: ArraySlice<UInt8>, value: Node)])
        case array([Node])
        case verbatim(ArraySlice<UInt8>)
    }

    /// Where definitions stand.
    private static let places = ["$defs", "definitions"]
    /// Keywords whose value is a map from names, which may be anything, to schemas.
    private static let maps = places + ["properties", "patternProperties", "dependentSchemas"]

    /// References multiply: what they may grow a schema to, and how deep it may nest then.
    private static let nodeLimit = 50_000
    private static let depthLimit = 256

    /// Those to put in, by what refers to them; none where references stay.
    private let definitions: [String: JSONValue]
    private let form: Form
    private var nodeCount = 0
    private var root: Node = .array([])

    /// `value` is an object; `path` names it if it cannot be used.
    init(_ value: JSONValue, _ form: Form, at path: String) throws(RequestFailure) {
        self.form = form
        switch form {
        case .inliningDefinitions:
            let tables = Self.places.map { place in
                Dictionary(value[place]?.members.map { ($0.key.string ?? "", $0.value) } ?? []) { $1 }
            }
            var definitions: [String: JSONValue] = [:]
            for (place, (own, others)) in zip(Self.places, zip(tables, tables.reversed())) {
                // Those in the other place are found from here as well, as LiteLLM finds them: by their names.
                for (name, definition) in others.merging(own, uniquingKeysWith: { $1 }) {
                    definitions["#/\(place)/\(name)"] = definition
                }
            }
            self.definitions = definitions
        case .closingObjects: definitions = [:]
        }
        root = try expand(value, isRoot: true, within: [], depth: 1, at: path)
    }

    /// Spaced as Python spaces JSON, so that the text is what LiteLLM sends.
    func text() -> [UInt8] {
        var text: [UInt8] = []
        Self.append(root, to: &text)
        return text
    }

    /// A member of the schema itself, as JSON; nil if it has none of that name.
    func member(_ name: String) -> ArraySlice<UInt8>? {
        guard case .object(let members) = root, let found = members.last(where: { $0.key.elementsEqual(name.utf8) })
        else { return nil }
        if case .verbatim(let source) = found.value { return source }
        var text: [UInt8] = []
        Self.append(found.value, to: &text)
        return text[...]
    }

    private static func append(_ node: Node, to text: inout [UInt8]) {
        switch node {
        case .verbatim(let source): text += source
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", ".utf8 }
                append(element, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", ".utf8 }
                text.append(UInt8(ascii: "\""))
                text += member.key
                text += "\": ".utf8
                append(member.value, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private mutating func expand(
        _ value: JSONValue, isRoot: Bool = false, within open: [String], depth: Int, at path: String
    ) throws(RequestFailure) -> Node {
        nodeCount += 1
        guard nodeCount <= Self.nodeLimit, depth <= Self.depthLimit else {
            let problem = nodeCount > Self.nodeLimit ? "is too large" : "nests too deep"
            throw ConverseParameters.refusal(path, "the schema \(problem) with its definitions put in")
        }
        switch value.kind {
        case .string, .number, .bool, .null: return .verbatim(value.source)
        case .array:
            var elements: [Node] = []
            for element in value.elements {
                elements.append(try expand(element, within: open, depth: depth + 1, at: path))
            }
            return .array(elements)
        case .object: return try expand(object: value, isRoot: isRoot, within: open, depth: depth, at: path)
        }
    }

    private mutating func expand(
        object: JSONValue, isRoot: Bool, within open: [String], depth: Int, at path: String
    ) throws(RequestFailure) -> Node {
        var members: [(key: ArraySlice<UInt8>, value: Node)] = []
        let referred = definition(object)
        if let (name, definition) = referred {
            // A definition within itself has no end: anything goes from there on.
            if open.contains(name) { return .object([]) }
            if case .object(let defined) = try expand(definition, within: open + [name], depth: depth + 1, at: path) {
                members = defined
            }
        }
        for member in object.members {
            if isRoot, form == .inliningDefinitions, Self.places.contains(where: member.key.isString) { continue }
            if member.key.isString("$ref"), referred != nil { continue }
            let node: Node =
                if Self.isData(member.key) {
                    .verbatim(member.value.source)
                } else if member.value.isObject, Self.maps.contains(where: member.key.isString) {
                    try expand(map: member.value, within: open, depth: depth + 1, at: path)
                } else {
                    try expand(member.value, within: open, depth: depth + 1, at: path)
                }
            members.append((member.key.escapedText ?? [], node))
        }
        Self.keepLast(&members)
        if form == .closingObjects, object["type"]?.isString("object") == true, object["additionalProperties"] == nil {
            members.append((Array("additionalProperties".utf8)[...], .verbatim(Array("false".utf8)[...])))
        }
        return .object(members)
    }

    private mutating func expand(
        map: JSONValue, within open: [String], depth: Int, at path: String
    ) throws(RequestFailure) -> Node {
        var members: [(key: ArraySlice<UInt8>, value: Node)] = []
        for member in map.members {
            let node = try expand(member.value, within: open, depth: depth + 1, at: path)
            members.append((member.key.escapedText ?? [], node))
        }
        Self.keepLast(&members)
        return .object(members)
    }

    /// Of members of one name the last counts, and stands where it stands.
    private static func keepLast(_ members: inout [(key: ArraySlice<UInt8>, value: Node)]) {
        let last = Dictionary(members.indices.lazy.map { [members] in (members[$0].key, $0) }) { $1 }
        guard last.count < members.count else { return }
        members = members.indices.filter { last[members[$0].key] == $0 }.map { members[$0] }
    }

    /// Values for instances, which only look like schemas.
    private static func isData(_ key: JSONValue) -> Bool {
        key.isString("enum") || key.isString("const") || key.isString("default") || key.isString("examples")
    }

    /// The one of the schema's definitions that a `$ref` names; nil for other objects.
    private func definition(_ object: JSONValue) -> (name: String, JSONValue)? {
        guard let reference = object["$ref"]?.string, reference.hasPrefix("#/") else { return nil }
        // Some write names as they are, escapes or not.
        for name in [Self.unescaped(reference), reference] {
            if let definition = definitions[name] { return (name, definition) }
        }
        return nil
    }

    /// A JSON pointer in a URL's fragment as text: `%xx` stands for a byte, `~1` for a slash, `~0` for the tilde.
    private static func unescaped(_ reference: String) -> String {
        guard reference.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "~") }) else {
            return reference
        }
        var text: [UInt8] = []
        var rest = Array(reference.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                case let digits = rest.prefix(2).compactMap({ Character(Unicode.Scalar($0)).hexDigitValue }),
                digits.count == 2
            {
                text.append(UInt8(digits[0] << 4 | digits[1]))
                rest = rest.dropFirst(2)
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self).replacing("~1", with: "/").replacing("~0", with: "~")
    }
}
