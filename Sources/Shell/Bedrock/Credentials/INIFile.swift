/// A file of `[sections]` with `key = value` lines, read as Python's configparser reads the AWS files.
///
/// Lines that begin with `#` or `;` are comments. A line indented deeper than the key before it belongs to that key: a
/// nested setting, if the key has no value of its own. Sections of one name are merged.
struct INIFile: Hashable, Sendable {
    /// Values by section and key; keys in lower case.
    private(set) var sections: [String: [String: String]] = [:]
    /// Nested settings by section, key and their own key, both in lower case.
    private(set) var nested: [String: [String: [String: String]]] = [:]

    /// Why a file cannot be read. Says which line, never what it holds.
    struct SyntaxError: Error, Hashable {
        var line: Int
        var message: String
    }

    init() {}

    init(parsing text: String) throws(SyntaxError) {
        var section: String?
        var keyIndentation: Int?
        var latestKey = ""
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let content = line.trimmed
            guard let first = content.first, first != "#", first != ";" else { continue }
            let indentation = line.prefix { $0 == " " || $0 == "\t" }.count
            if let section, let keyIndentation, indentation > keyIndentation {
                if sections[section]?[latestKey] == "", let (key, value) = Self.setting(content) {
                    nested[section, default: [:]][latestKey, default: [:]][key] = value
                }
                continue
            }
            if first == "[" {
                let name = try Self.sectionName(content, line: number)
                if sections[name] == nil { sections[name] = [:] }
                section = name
                keyIndentation = nil
                continue
            }
            guard let section else { throw SyntaxError(line: number, message: "a key outside of any [section]") }
            guard let (key, value) = Self.setting(content) else {
                throw SyntaxError(line: number, message: "expected key = value")
            }
            guard !key.isEmpty else { throw SyntaxError(line: number, message: "a value without a key") }
            sections[section]?[key] = value
            (latestKey, keyIndentation) = (key, indentation)
        }
    }

    private static func setting(_ content: Substring) -> (key: String, value: String)? {
        guard let delimiter = content.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
        let value = content[content.index(after: delimiter)...].trimmed
        return (content[..<delimiter].trimmed.lowercased(), String(value))
    }

    private static func sectionName(_ content: Substring, line: Int) throws(SyntaxError) -> String {
        guard let end = content.lastIndex(of: "]") else {
            throw SyntaxError(line: line, message: "a section's name without its closing bracket")
        }
        return String(content[content.index(after: content.startIndex)..<end].trimmed)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
        return text
    }
}
