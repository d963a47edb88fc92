/// A script and the models that it is for.
public struct ScriptEntry: Hashable, Sendable {
    /// A model id in which `*` stands for any run of characters. The id itself wins over every pattern, and
    /// among patterns the one with most characters that are not `*`.
    public var pattern: String
    public var script: ModelScript

    public init(_ pattern: String, _ script: ModelScript) {
        self.pattern = pattern
        self.script = script
    }

    func matches(_ model: String) -> Bool { Self.matches(Array(pattern.utf8)[...], Array(model.utf8)[...]) }

    /// How closely the pattern describes a model: the number of its own characters.
    var precision: Int { pattern.utf8.count { $0 != UInt8(ascii: "*") } }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var pattern = pattern
        var text = text
        var afterStar: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while !text.isEmpty {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                afterStar = (pattern, text)
            } else if pattern.first == text.first {
                pattern = pattern.dropFirst()
                text = text.dropFirst()
            } else if let (rest, start) = afterStar {
                // The last star takes one more character.
                (pattern, text) = (rest, start.dropFirst())
                afterStar = (rest, text)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension ScriptEntry {
    /// Reads `ID:key=value,key=value`. Model ids hold colons: the id ends at the last one before the first `=`.
    /// An item without `=` belongs to the value before it, so `steps=429,429,200,text=Hello, world` needs no quotes.
    public init(argument: String, base: ModelScript = ModelScript()) throws(ScriptError) {
        guard let equals = argument.firstIndex(of: "="), let colon = argument[..<equals].lastIndex(of: ":"),
            colon > argument.startIndex
        else { throw ScriptError(message: "'\(argument)' is not a model's script; expected ID:key=value,key=value") }
        self.init(String(argument[..<colon]), base)
        var settings: [(key: String, value: String)] = []
        for item in argument[argument.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false) {
            if let equals = item.firstIndex(of: "=") {
                let key = item[..<equals].filter { $0 != " " }
                settings.append((String(key), String(item[item.index(after: equals)...])))
            } else if let last = settings.indices.last {
                settings[last].value += "," + item
            }
        }
        for (key, value) in settings { try script.set(key, to: value) }
    }

    /// Reads a script file: `[MODEL]` begins a model's script, `key = value` sets one thing, `#` begins a comment line.
    public static func list(text: String, base: ModelScript = ModelScript()) throws(ScriptError) -> [ScriptEntry] {
        var entries: [ScriptEntry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            do throws(ScriptError) {
                try read(line: trim(line), into: &entries, base: base)
            } catch {
                throw ScriptError(message: error.message, line: index + 1)
            }
        }
        return entries
    }

    private static func read(
        line: Substring, into entries: inout [ScriptEntry], base: ModelScript
    ) throws(ScriptError) {
        if line.isEmpty || line.first == "#" { return }
        if line.first == "[", line.last == "]" {
            let pattern = trim(line.dropFirst().dropLast())
            if pattern.isEmpty { throw ScriptError(message: "'[]' names no model") }
            entries.append(ScriptEntry(String(pattern), base))
            return
        }
        guard let equals = line.firstIndex(of: "=") else {
            throw ScriptError(message: "'\(line)' is neither [MODEL] nor key = value")
        }
        guard let last = entries.indices.last else {
            throw ScriptError(message: "'\(line)' comes before the first [MODEL]")
        }
        let key = String(trim(line[..<equals]))
        try entries[last].script.set(key, to: String(trim(line[line.index(after: equals)...])))
    }

    private static func trim(_ text: Substring) -> Substring {
        let isBlank = { (character: Character) in character == " " || character == "\t" || character == "\r" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }
}
