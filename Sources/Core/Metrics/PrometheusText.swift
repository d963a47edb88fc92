/// Metrics in Prometheus' text exposition format, version 0.0.4.
public struct PrometheusText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var bytes: [UInt8] = []

    public init() { bytes.reserveCapacity(16_384) }

    /// Appends one family; one without points is left out.
    public mutating func append(_ family: MetricFamily) {
        if family.points.isEmpty { return }
        let definition = family.definition
        append("# HELP \(definition.name) \(definition.help)\n# TYPE \(definition.name) \(definition.kind.rawValue)\n")
        for point in family.points {
            let labels = Self.labels(definition.labels, point.labels)
            switch point.value {
            case .integer(let number): sample(definition.name, labels, "\(number)")
            case .double(let number): sample(definition.name, labels, Self.text(of: number))
            case .histogram(let histogram): append(histogram, name: definition.name, labels: labels)
            }
        }
    }

    private mutating func append(_ histogram: Histogram, name: String, labels: String) {
        let separator = labels.isEmpty ? "" : ","
        var cumulative = 0
        for (bound, count) in zip(histogram.bounds.upper, histogram.counts) {
            cumulative += count
            sample("\(name)_bucket", "\(labels)\(separator)le=\"\(Self.text(of: bound))\"", "\(cumulative)")
        }
        let total = histogram.count
        sample("\(name)_bucket", "\(labels)\(separator)le=\"+Inf\"", "\(total)")
        sample("\(name)_sum", labels, Self.text(of: histogram.sum))
        sample("\(name)_count", labels, "\(total)")
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: String) {
        append(name)
        if !labels.isEmpty {
            append("{")
            append(labels)
            append("}")
        }
        append(" ")
        append(value)
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// `a="x",b="y"`, with `\`, `"` and line feeds escaped.
    private static func labels(_ names: [String], _ values: [String]) -> String {
        zip(names, values).map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func text(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        return "\(number)"
    }
}
