/// A command line split into words as a POSIX shell would, without doing anything else a shell does: no variables,
/// no globs, no pipes.
enum CommandWords {
    /// Nil when a quotation or an escape does not end.
    static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var characters = line.makeIterator()
        while let character = characters.next() {
            switch character {
            case " ", "\t", "\n", "\r", "\r\n":
                if let ended = word.take() { words.append(ended) }
            case "'":
                guard let quoted = untilQuote("'", &characters, escapes: false) else { return nil }
                word = (word ?? "") + quoted
            case "\"":
                guard let quoted = untilQuote("\"", &characters, escapes: true) else { return nil }
                word = (word ?? "") + quoted
            case "\\":
                guard let escaped = characters.next() else { return nil }
                word = (word ?? "") + String(escaped)
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    private static func untilQuote(
        _ quote: Character, _ characters: inout String.Iterator, escapes: Bool
    ) -> String? {
        var text = ""
        while let character = characters.next() {
            if character == quote { return text }
            guard escapes, character == "\\" else {
                text.append(character)
                continue
            }
            guard let escaped = characters.next() else { return nil }
            // Inside double quotes a backslash escapes itself and the quote only, and stays otherwise.
            if escaped != "\"" && escaped != "\\" { text.append(character) }
            text.append(escaped)
        }
        return nil
    }
}
