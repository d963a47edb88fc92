/// What a row's numbers are in.
enum Unit: String, Sendable {
    case microseconds = "us"
    case milliseconds = "ms"
    case perSecond = "/s"
    case percent = "%"
    case megabytes = "MB"
    case kilobytes = "KB"

    /// Three significant digits, thousands as they are.
    func text(_ value: Double) -> String { "\(Self.number(value)) \(rawValue)" }

    static func number(_ value: Double) -> String {
        let size = abs(value)
        return size < 9.995 ? fixed(value, 2) : size < 99.95 ? fixed(value, 1) : fixed(value, 0)
    }

    static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
