/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and LiteLLM's `os.environ/NAME` in a string value.
///
/// `$$` stands for one `$`. A `$` that no name and no `{` follows stays as it is, so most passwords and regular
/// expressions need no care. What comes out of the environment is not looked at again.
struct VariableExpansion {
    enum Failure: Error, Equatable, CustomStringConvertible {
        case unset(String)
        /// `${` without its `}`, or without a name.
        case malformed

        var description: String {
            switch self {
            case .unset(let name):
                "environment variable \(name) is not set, "
                    + "expected it in the environment or a default as in ${\(name):-default}"
            case .malformed: "malformed variable reference, expected ${NAME} or ${NAME:-default}"
            }
        }
    }

    var environment: EnvironmentVariables

    /// Nil: the text refers to no variable.
    func expand(_ text: String) throws(Failure) -> String? {
        let reference = "os.environ/"
        if text.hasPrefix(reference) {
            let name = String(text.dropFirst(reference.count))
            guard let value = environment[name] else { throw .unset(name) }
            return value
        }
        guard text.utf8.contains(UInt8(ascii: "$")) else { return nil }
        let result = try replaceReferences(in: text[...], depth: 0)
        return result == text ? nil : result
    }

    /// `depth` counts defaults within defaults: a few are a habit of shells, more are a mistake.
    private func replaceReferences(in text: Substring, depth: Int) throws(Failure) -> String {
        guard depth < 8 else { throw .malformed }
        var result = ""
        var rest = text
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...].dropFirst()
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "{" {
                let end = try closingBrace(of: rest)
                result += try braced(rest[..<end].dropFirst(), depth: depth)
                rest = rest[end...].dropFirst()
            } else {
                let name = Self.leadingName(of: rest)
                result += name.isEmpty ? "$" : try value(of: String(name))
                rest = rest.dropFirst(name.count)
            }
        }
        return result + rest
    }

    /// The value of what stands between the braces: `NAME` or `NAME:-default`.
    private func braced(_ inner: Substring, depth: Int) throws(Failure) -> String {
        let name = Self.leadingName(of: inner)
        let rest = inner.dropFirst(name.count)
        guard !name.isEmpty, rest.isEmpty || rest.hasPrefix(":-") else { throw .malformed }
        if rest.isEmpty { return try value(of: String(name)) }
        if let value = environment[String(name)], !value.isEmpty { return value }
        return try replaceReferences(in: rest.dropFirst(2), depth: depth + 1)
    }

    private func value(of name: String) throws(Failure) -> String {
        guard let value = environment[name] else { throw .unset(name) }
        return value
    }

    /// Defaults may hold references themselves, so braces are counted.
    private func closingBrace(of text: Substring) throws(Failure) -> Substring.Index {
        var depth = 0
        for index in text.indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        throw .malformed
    }

    private static func leadingName(of text: Substring) -> Substring {
        guard let first = text.first, first == "_" || (first.isASCII && first.isLetter) else { return "" }
        return text.prefix { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
    }
}
