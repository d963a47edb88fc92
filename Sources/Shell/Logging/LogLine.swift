import Glibc
import JSON
import Time

/// How one event becomes one line, without its line feed.
enum LogLine {
    static func format(
        _ format: Logger.Format, level: Logger.Level, event: String, fields: KeyValuePairs<String, Logger.Value>
    ) -> [UInt8] {
        switch format {
        case .json: json(time: now(), level: level, event: event, fields: fields)
        case .text: text(time: now(), level: level, event: event, fields: fields)
        }
    }

    static func json(
        time: Instant, level: Logger.Level, event: String, fields: KeyValuePairs<String, Logger.Value>
    ) -> [UInt8] {
        var line = JSONWriter(capacity: 240)
        line.beginObject()
        line.key("time")
        line.string(escaped: time.rfc3339Bytes)
        line.member("level", level.rawValue)
        line.member("event", event)
        for (name, value) in fields where !value.isAbsent {
            line.key(text: name)
            line.value(value)
        }
        line.endObject()
        return line.finish()
    }

    static func text(
        time: Instant, level: Logger.Level, event: String, fields: KeyValuePairs<String, Logger.Value>
    ) -> [UInt8] {
        var line = time.rfc3339Bytes
        line.append(UInt8(ascii: " "))
        let name = level.rawValue.uppercased()
        line.append(contentsOf: name.utf8)
        line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 8 - name.utf8.count))
        line.append(contentsOf: event.utf8)
        for (name, value) in fields where !value.isAbsent {
            line.append(UInt8(ascii: " "))
            line.append(contentsOf: name.utf8)
            line.append(UInt8(ascii: "="))
            line.append(contentsOf: plainOrQuoted(value))
        }
        return line
    }

    /// A string without spaces, quotes and control characters stands for itself; others are quoted as in JSON.
    private static func plainOrQuoted(_ value: Logger.Value) -> [UInt8] {
        if case .string(let text) = value, !text.isEmpty,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") })
        {
            return Array(text.utf8)
        }
        var quoted = JSONWriter(capacity: 64)
        quoted.value(value)
        return quoted.finish()
    }

    private static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

extension Logger.Value {
    fileprivate var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

extension JSONWriter {
    fileprivate mutating func value(_ value: Logger.Value) {
        switch value {
        case .string(let text): string(text)
        case .integer(let number): integer(number)
        case .double(let number): double(number)
        case .bool(let claim): bool(claim)
        case .absent: null()
        }
    }
}
