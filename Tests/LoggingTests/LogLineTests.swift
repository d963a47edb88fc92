import JSON
import Testing

@testable import Logging

@Suite struct LogLineTests {
    @Test func `a JSON line holds time, level, event and the fields in order`() {
        let line = LogLine.json(
            time: .init(unixMilliseconds: 1_767_225_600_123), level: .info, event: "ready",
            fields: ["admin": "127.0.0.1:9464", "partitions": 3, "share": 0.5, "ok": true])
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"time":"2026-01-01T00:00:00.123Z","level":"info","event":"ready","#
                + #""admin":"127.0.0.1:9464","partitions":3,"share":0.5,"ok":true}"#)
    }

    @Test func `hostile text stays one line of valid JSON`() throws {
        let hostile = "a\"b\\c\nd\u{0}e\u{1B}[31m\u{2028}é\u{1F600}"
        let line = LogLine.json(
            time: .init(nanoseconds: 0), level: .error, event: hostile, fields: ["f\"\n": .string(hostile)])

        #expect(!line.contains(UInt8(ascii: "\n")))
        let document = try JSONDocument(parsing: line)
        #expect(document.root["event"]?.string == hostile)
        #expect(document.root["f\"\n"]?.string == hostile)
    }

    @Test func `a text line is for people`() {
        let line = LogLine.text(
            time: .init(nanoseconds: 0), level: .warning, event: "broker lost",
            fields: [
                "broker": "kafka:9092", "reason": "no route to host", "tries": 2, "empty": "", "escape": "\u{1B}[2J",
            ])
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"1970-01-01T00:00:00.000Z WARNING broker lost broker=kafka:9092 reason="no route to host" tries=2"#
                + #" empty="" escape="\u001b[2J""#)
    }
}
