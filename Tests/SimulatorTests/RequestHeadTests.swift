import Testing

@testable import Simulator

@Suite struct RequestHeadTests {
    private func isIncomplete(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { if case .incomplete = RequestHead.parse($0) { true } else { false } }
    }

    @Test func `a cut head asks for more`() {
        let head = Array("POST /model/m/converse HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n".utf8)
        for length in 0..<head.count { #expect(isIncomplete(Array(head[..<length]))) }
        #expect(!isIncomplete(head))
    }

    @Test func `header names are known in any case and values are trimmed`() throws {
        let text = "POST /x HTTP/1.1\ncONTENT-lENGTH:  12 \t\nExpect: 100-Continue\nCONNECTION: Close\n\nbody"
        let head = Array(text.utf8).withUnsafeBytes { bytes -> (Int, Bool, Bool, Int)? in
            guard case .head(let head) = RequestHead.parse(bytes) else { return nil }
            return (head.contentLength, head.expectsContinue, head.wantsClose, bytes.count - head.length)
        }
        let (length, expects, closes, rest) = try #require(head)
        #expect(length == 12)
        #expect(expects)
        #expect(closes)
        #expect(rest == 4)
    }

    @Test func `random bytes are never read beyond their end`() {
        var random = SeededBytes(seed: 11)
        for _ in 0..<5000 {
            // Mostly characters that matter to a head.
            let alphabet = Array(" :\r\n\tGET/ HTTP/1.1content-length0123456789".utf8)
            let bytes = (0..<Int(random.next())).map { _ in alphabet[Int(random.next()) % alphabet.count] }
            _ = isIncomplete(bytes)
        }
    }
}
