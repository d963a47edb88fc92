/// A scalar as written, and what it means.
public struct YAMLScalar: Hashable, Sendable {
    public enum Style: Hashable, Sendable {
        case plain
        /// In quotes, a block scalar, or tagged `!!str`: always text.
        case quoted
    }

    public enum Value: Hashable, Sendable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
    }

    public var text: String
    public var style: Style

    public init(_ text: String, style: Style) {
        self.text = text
        self.style = style
    }

    /// The value by YAML 1.1's core types, as PyYAML reads them, with two differences that spare their authors a
    /// surprise: `1e3` is a number, and `12:30` is text (not base 60).
    public var value: Value {
        style == .plain ? Self.resolve(text) : .string(text)
    }

    /// What `text` means when it stands in no quotes.
    public static func resolve(_ text: String) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return .bool(true)
        case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return .bool(false)
        default: break
        }
        // Everything numeric starts with one of these; the rest is spared the work.
        guard let first = text.utf8.first, first <= UInt8(ascii: "9"), text.utf8.count <= 64 else {
            return .string(text)
        }
        return integer(text).map(Value.int) ?? double(text).map(Value.double) ?? .string(text)
    }

    private static func integer(_ text: String) -> Int? {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        var radix = 10
        if digits.count > 1, digits.first == UInt8(ascii: "0") {
            switch digits.dropFirst().first {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        // The sign is behind us, and `Int` would take another one.
        guard let first = digits.first, first != UInt8(ascii: "_") || radix != 10, !digits.contains(where: isSign)
        else { return nil }
        let bare = (isNegative ? "-" : "") + String(decoding: digits.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        return Int(bare, radix: radix)
    }

    private static func double(_ text: String) -> Double? {
        switch text {
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .infinity
        case "-.inf", "-.Inf", "-.INF": return -.infinity
        case ".nan", ".NaN", ".NAN": return .nan
        default: break
        }
        var hasDigit = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): hasDigit = true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"): break
            // An exponent needs a digit before it: `.e5` is text.
            case UInt8(ascii: "e"), UInt8(ascii: "E"): if !hasDigit { return nil }
            default: return nil
            }
        }
        return hasDigit && text.utf8.first != UInt8(ascii: "_") ? Double(text.filter { $0 != "_" }) : nil
    }

    private static func isSign(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
    }
}
