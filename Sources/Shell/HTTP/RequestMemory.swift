import CCurl
import Glibc

/// What libcurl reads while a transfer runs and does not copy: the header list and the body, in one block.
///
/// The block is kept for the next request, so a transfer in steady use allocates nothing here.
struct RequestMemory: ~Copyable {
    /// Larger blocks are given back after use.
    private static let keptSize = 64 << 10

    private var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Where the header list starts, for CURLOPT_HTTPHEADER.
    private(set) var headers: UnsafeMutablePointer<curl_slist>?
    /// For CURLOPT_POSTFIELDS. Not null once filled, even without a body: libcurl would look for a read callback.
    private(set) var body: UnsafeRawPointer?

    /// The last header line of each request.
    private let userAgent: String

    init(userAgent: String) {
        self.userAgent = "User-Agent: \(userAgent)"
    }

    /// Takes in a request's headers and body. False when a header line would break out of its line.
    mutating func fill(headers lines: [String], body bytes: [UInt8]) -> Bool {
        let waits = bytes.count >= Self.expectSize
        let count = lines.count + (waits ? 2 : 1)
        let ownText = userAgent.utf8.count + 1 + (waits ? Self.noExpect.utf8.count + 1 : 0)
        let text = lines.reduce(ownText) { $0 + $1.utf8.count + 1 }
        let nodes = count * MemoryLayout<curl_slist>.stride
        reserve(nodes + text + bytes.count + 1)
        guard let base = block.baseAddress else { return false }

        let list = base.bindMemory(to: curl_slist.self, capacity: count)
        var cursor = base + nodes
        for (index, line) in lines.enumerated() {
            let isSafe = Self.write(line, at: &cursor, into: list + index, next: list + index + 1)
            guard isSafe else { return false }
        }
        let last = list + count - 1
        if waits { _ = Self.write(Self.noExpect, at: &cursor, into: last - 1, next: last) }
        guard Self.write(userAgent, at: &cursor, into: last, next: nil) else { return false }

        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { cursor.copyMemory(from: start, byteCount: source.count) }
        }
        headers = list
        body = UnsafeRawPointer(cursor)
        return true
    }

    /// Forgets the request, and gives back the memory of an unusually large one.
    mutating func clear() {
        headers = nil
        body = nil
        if block.count > Self.keptSize { release() }
    }

    /// libcurl would wait for a 100 Continue with bodies of more than 1 MiB; an empty header switches that off.
    private static let noExpect = "Expect:"
    private static let expectSize = 1 << 20

    /// Writes a list node and its zero-terminated line at the cursor. False when the line holds a line end or a zero.
    private static func write(
        _ line: String, at cursor: inout UnsafeMutableRawPointer, into node: UnsafeMutablePointer<curl_slist>,
        next: UnsafeMutablePointer<curl_slist>?
    ) -> Bool {
        var line = line
        let start = cursor
        let isSafe = line.withUTF8 { text in
            if let first = text.baseAddress { start.copyMemory(from: first, byteCount: text.count) }
            start.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
            cursor += text.count + 1
            return !text.contains { $0 == 0 || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        }
        node.initialize(to: curl_slist(data: start.assumingMemoryBound(to: CChar.self), next: next))
        return isSafe
    }

    private mutating func reserve(_ size: Int) {
        guard size > block.count else { return }
        release()
        block = .allocate(byteCount: max(size, 2048), alignment: MemoryLayout<curl_slist>.alignment)
    }

    private mutating func release() {
        block.deallocate()
        block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    deinit { block.deallocate() }
}
