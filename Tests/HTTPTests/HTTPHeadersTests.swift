import HTTP
import TestSupport
import Testing

@Suite struct HTTPHeadersTests {
    private func headers(_ lines: String...) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for line in lines { headers.append(line: line.utf8) }
        return headers
    }

    @Test func `look-ups ignore case and values are trimmed`() {
        let headers = headers("Content-Type: application/json\r\n", "X-Empty:\r\n", "x-tabs:\t a b \t\r\n")

        #expect(headers["content-type"] == "application/json")
        #expect(headers["CONTENT-TYPE"] == "application/json")
        #expect(headers["x-empty"] == "")
        #expect(headers["x-tabs"] == "a b")
    }

    @Test func `only whole names match, and the first of several lines counts`() {
        let headers = headers("retry-after-ms: 5", "after: 1", "retry-after: 2", "Retry-After: 3")

        #expect(headers["retry-after"] == "2")
        #expect(headers["retry"] == nil)
    }

    @Test func `lines may come without their ends, and lines without a colon are ignored`() {
        let headers = headers("a: 1", "garbage", "", "b: 2\n", "\r\n", "c: x: y")

        #expect(headers["a"] == "1")
        #expect(headers["b"] == "2")
        #expect(headers["c"] == "x: y")
        #expect(headers["garbage"] == nil)
    }

    @Test func `random bytes never trap`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            var headers = HTTPHeaders()
            for _ in 0..<Int(random.next() % 6) {
                let alphabet = Array("aA: \r\n\t\u{0}é".utf8)
                headers.append(
                    line: (0..<Int(random.next() % 12)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))]
                    })
            }
            _ = headers["a"]
            _ = headers["aa"]
        }
    }
}
