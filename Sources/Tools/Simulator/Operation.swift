/// What a request asks for, by its method and path. A further Bedrock operation begins with its case here and gets its
/// arm in `Responder`.
enum Operation {
    case converse
    case converseStream
    case setScript
    case readJournal(entries: Bool)
    case clearJournal

    /// Nil for everything else. `model` receives the decoded model id of the Bedrock operations.
    init?(method: Bytes, target: Bytes, model: inout [UInt8]) {
        let queryStart = target.firstOffset(of: UInt8(ascii: "?")) ?? target.count
        let path = target.slice(0..<queryStart)
        let query = target.dropping(min(queryStart + 1, target.count))
        if path.begins(with: "/model/") {
            let rest = path.dropping(7)
            guard let end = rest.firstOffset(of: UInt8(ascii: "/")), end > 0, method.equals("POST"),
                Self.decode(rest.slice(0..<end), into: &model)
            else { return nil }
            let operation = rest.dropping(end)
            if operation.equals("/converse") {
                self = .converse
            } else if operation.equals("/converse-stream") {
                self = .converseStream
            } else {
                return nil
            }
        } else if path.equals("/simulator/script"), method.equals("POST") {
            self = .setScript
        } else if path.equals("/simulator/journal"), method.equals("GET") {
            self = .readJournal(entries: query.equals("entries"))
        } else if path.equals("/simulator/journal"), method.equals("DELETE") {
            self = .clearJournal
        } else {
            return nil
        }
    }

    /// Undoes percent-encoding.
    private static func decode(_ segment: Bytes, into model: inout [UInt8]) -> Bool {
        model.removeAll(keepingCapacity: true)
        var index = 0
        while index < segment.count {
            guard segment[index] == UInt8(ascii: "%") else {
                model.append(segment[index])
                index += 1
                continue
            }
            guard index + 2 < segment.count, let high = segment[index + 1].hexDigit,
                let low = segment[index + 2].hexDigit
            else { return false }
            model.append(high << 4 | low)
            index += 3
        }
        return true
    }
}
