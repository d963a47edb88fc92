import ChatCompletions

/// Tool names as Bedrock takes them, and the way back to the requester's.
struct ToolNames: Sendable {
    private var valid: [String: String] = [:]
    private var original: [String: String] = [:]
    /// How many tools share a valid form, by that form.
    private var namesakes: [String: Int] = [:]
    private static let limit = 64

    /// Makes a tool known and returns its valid name; different tools never share one.
    mutating func add(_ name: String, at path: @autoclosure () -> String) throws(RequestFailure) -> String {
        if let known = valid[name] { return known }
        let base = Self.valid(name)
        var number = namesakes[base, default: 0] + 1
        var candidate = number == 1 ? base : "\(base)_\(number)"
        while original[candidate] != nil {
            number += 1
            candidate = "\(base)_\(number)"
        }
        namesakes[base] = number
        guard candidate.utf8.count <= Self.limit else {
            throw ConverseParameters.refusal(path(), "a tool's name has at most \(Self.limit) characters")
        }
        valid[name] = candidate
        original[candidate] = name
        return candidate
    }

    /// The valid form of a name, whether or not such a tool is known.
    func valid(_ name: String) -> String { valid[name] ?? String(Self.valid(name).prefix(Self.limit)) }

    /// The requester's name for the tool that an answer calls.
    func original(_ name: String) -> String { original[name] ?? name }

    func contains(_ name: String) -> Bool { valid[name] != nil }

    /// `[a-zA-Z][a-zA-Z0-9_-]*`: a leading `a`, other characters as `_`, as in LiteLLM.
    private static func valid(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            if text.isEmpty && !isLetter { text.append("a") }
            let isOther = ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-"
            text.unicodeScalars.append(isLetter || isOther ? scalar : "_")
        }
        return text.isEmpty ? "a" : text
    }
}
