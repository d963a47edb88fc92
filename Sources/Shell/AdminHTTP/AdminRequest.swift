/// A request's first line, read from the bytes received so far.
struct AdminRequest: Hashable {
    let path: String
    /// What follows the `?`; nil without one.
    let query: String?
    let isHead: Bool

    enum Parsing: Hashable {
        /// The blank line that ends the head has not arrived.
        case incomplete
        case request(AdminRequest)
        /// Cannot be served; `status` says why.
        case refused(status: Int)
    }

    /// Reads the head of an HTTP/1.x request. Only GET and HEAD are served here, and no body is ever read.
    static func parse(_ received: [UInt8], limit: Int) -> Parsing {
        guard let end = endOfHead(in: received) else {
            return received.count >= limit ? .refused(status: 431) : .incomplete
        }
        if end > limit { return .refused(status: 431) }
        guard let head = String(validating: received[..<end], as: UTF8.self) else { return .refused(status: 400) }
        let lines = head.split(whereSeparator: \.isNewline)
        guard let first = lines.first else { return .refused(status: 400) }
        let words = first.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/") else { return .refused(status: 400) }
        let isVersion11 = words[2] == "HTTP/1.1"
        guard isVersion11 || words[2] == "HTTP/1.0" else { return .refused(status: 505) }
        if isVersion11 && !lines.dropFirst().contains(where: { $0.lowercased().hasPrefix("host:") }) {
            return .refused(status: 400)
        }
        guard words[0] == "GET" || words[0] == "HEAD" else { return .refused(status: 405) }
        guard let (path, query) = splitTarget(words[1]) else { return .refused(status: 400) }
        return .request(AdminRequest(path: path, query: query, isHead: words[0] == "HEAD"))
    }

    /// The index just after the blank line; a bare line feed ends a line too.
    private static func endOfHead(in bytes: [UInt8]) -> Int? {
        var lineIsEmpty = true
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"):
                // Empty lines before the request line are skipped (RFC 9112, 2.2).
                let isBeforeRequestLine = bytes[..<index].allSatisfy { $0 == 0x0A || $0 == 0x0D }
                if lineIsEmpty && !isBeforeRequestLine { return index + 1 }
                lineIsEmpty = true
            case UInt8(ascii: "\r"): break
            default: lineIsEmpty = false
            }
        }
        return nil
    }

    /// Splits `/path?query`; a proxy's `http://host/path` counts as `/path`.
    private static func splitTarget(_ target: Substring) -> (path: String, query: String?)? {
        var target = target
        if target.hasPrefix("http://") {
            target = target.dropFirst("http://".count)
            target = target.firstIndex(of: "/").map { target[$0...] } ?? "/"
        }
        guard target.hasPrefix("/") else { return nil }
        guard let mark = target.firstIndex(of: "?") else { return (String(target), nil) }
        return (String(target[..<mark]), String(target[target.index(after: mark)...]))
    }
}
