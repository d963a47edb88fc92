/// The head of one HTTP/1.1 request, as ranges of the connection's bytes.
struct RequestHead {
    var method = Bytes(start: nil, count: 0)
    var target = Bytes(start: nil, count: 0)
    /// Up to and including the empty line.
    var length = 0
    var contentLength = 0
    var isChunked = false
    var expectsContinue = false
    var wantsClose = false
    var signature = SignatureHeaders()

    enum Parsed {
        /// More bytes are needed.
        case incomplete
        case head(RequestHead)
        /// Not HTTP, or not the HTTP served here; the connection cannot go on.
        case refused(Refusal)
    }

    /// Heads beyond it are refused: real ones have under 2 KB, session tokens included.
    static let longestHead = 64 * 1024

    static func parse(_ bytes: Bytes) -> Parsed {
        var head = RequestHead()
        guard var lineEnd = bytes.firstOffset(of: newline) else { return unfinished(bytes) }
        guard head.readRequestLine(line(of: bytes, from: 0, to: lineEnd)) else { return .refused(.badRequestLine) }
        while true {
            let start = lineEnd + 1
            guard let end = bytes.firstOffset(of: newline, from: start) else { return unfinished(bytes) }
            lineEnd = end
            let line = line(of: bytes, from: start, to: end)
            if line.isEmpty { break }
            if let refusal = head.readHeader(line) { return .refused(refusal) }
        }
        head.length = lineEnd + 1
        return .head(head)
    }

    private static let newline = UInt8(ascii: "\n")

    private static func unfinished(_ bytes: Bytes) -> Parsed {
        bytes.count < longestHead ? .incomplete : .refused(.headTooLong)
    }

    private static func line(of bytes: Bytes, from start: Int, to end: Int) -> Bytes {
        let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
        return bytes.slice(start..<(hasReturn ? end - 1 : end))
    }

    private mutating func readRequestLine(_ line: Bytes) -> Bool {
        let blank = UInt8(ascii: " ")
        guard let first = line.firstOffset(of: blank), first > 0,
            let second = line.firstOffset(of: blank, from: first + 1), second > first + 1
        else { return false }
        method = line.slice(0..<first)
        target = line.slice(first + 1..<second)
        let version = line.dropping(second + 1)
        wantsClose = version.equals("HTTP/1.0")
        return wantsClose || version.equals("HTTP/1.1")
    }

    private mutating func readHeader(_ line: Bytes) -> Refusal? {
        guard let colon = line.firstOffset(of: UInt8(ascii: ":")), colon > 0 else { return .badHeader }
        let name = line.slice(0..<colon)
        let value = line.dropping(colon + 1).trimmed
        if name.equalsIgnoringCase("content-length") {
            guard let length = value.decimal else { return .badHeader }
            contentLength = length
        } else if name.equalsIgnoringCase("transfer-encoding") {
            isChunked = true
        } else if name.equalsIgnoringCase("expect") {
            expectsContinue = value.equalsIgnoringCase("100-continue")
        } else if name.equalsIgnoringCase("connection") {
            wantsClose = wantsClose || value.equalsIgnoringCase("close")
        } else {
            signature.read(name: name, value: value)
        }
        return nil
    }
}
