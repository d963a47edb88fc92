import TestSupport
import Testing

@testable import AdminHTTP

@Suite struct AdminRequestTests {
    private func parse(_ text: String) -> AdminRequest.Parsing { AdminRequest.parse(Array(text.utf8), limit: 8192) }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", String?.none, false),
        ("HEAD /metrics HTTP/1.0\r\n\r\n", "/metrics", nil, true),
        ("GET /a?b=c?d HTTP/1.1\nhost: a\n\n", "/a", "b=c?d", false),
        ("\r\nGET /? HTTP/1.1\r\nHOST: a\r\n\r\nbody", "/", "", false),
        ("GET http://host:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "/x", "y", false),
        ("GET http://host HTTP/1.1\r\nHost: a\r\n\r\n", "/", nil, false),
    ])
    func `the request line is read`(text: String, path: String, query: String?, isHead: Bool) {
        #expect(parse(text) == .request(AdminRequest(path: path, query: query, isHead: isHead)))
    }

    @Test(arguments: [
        ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET x HTTP/1.0\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
        ("POST / HTTP/1.0\r\n\r\n", 405), ("\u{16}\u{3}\u{1} x y\r\n\r\n", 400),
    ])
    func `what is not a request we serve is refused`(text: String, status: Int) {
        #expect(parse(text) == .refused(status: status))
    }

    @Test func `a request in pieces is incomplete until its last byte`() {
        let text = Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for length in 0..<text.count - 1 {
            #expect(AdminRequest.parse(Array(text[..<length]), limit: 8192) == .incomplete)
        }
    }

    @Test func `random bytes are refused or incomplete, never a request`() {
        for seed in 0..<2000 {
            var random = SeededGenerator(seed: UInt64(seed))
            let bytes = (0..<seed % 97).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            if case .request = AdminRequest.parse(bytes + [13, 10, 13, 10], limit: 64) {
                Issue.record("seed \(seed) parsed")
            }
        }
    }
}
