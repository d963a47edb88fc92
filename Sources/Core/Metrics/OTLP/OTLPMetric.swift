import Time

/// One metric as OpenTelemetry has it: named and with a unit, its points told apart by attributes.
struct OTLPMetric: Sendable {
    /// How points add up.
    enum Kind: Hashable, Sendable {
        /// Only ever grows.
        case sum
        case gauge
        case histogram
    }

    struct Point: Sendable {
        var attributes: [OTLPAttribute]
        var value: MetricFamily.Value
    }

    var name: String
    var unit: String
    var description: String
    var kind: Kind
    var points: [Point] = []

    mutating func append(_ value: MetricFamily.Value, _ attributes: [OTLPAttribute]) {
        points.append(Point(attributes: attributes, value: value))
    }
}

/// A key and its value.
public struct OTLPAttribute: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int)
    }

    public var key: String
    public var value: Value

    public init(_ key: String, _ text: String) { (self.key, value) = (key, .text(text)) }
    public init(_ key: String, _ number: Int) { (self.key, value) = (key, .integer(number)) }
}

/// How a counter's points relate to those of the snapshot before.
public enum OTLPTemporality: String, CaseIterable, Sendable {
    /// Everything since the process began.
    case cumulative
    /// What has come since the snapshot before.
    case delta

    /// OTLP's number for it.
    var code: Int {
        switch self {
        case .delta: 1
        case .cumulative: 2
        }
    }
}

extension OTLPMetric {
    /// A metric of our own catalogue. A collector that exports to Prometheus gives it the name that `/metrics` has.
    init(_ family: MetricFamily) {
        let definition = family.definition
        var name = definition.rawValue
        for suffix in ["_total", "_seconds", "_bytes"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        self.init(
            name: "bedrock_relay.\(name)", unit: definition.otlpUnit, description: definition.help,
            kind: definition.otlpKind,
            points: family.points.map { point in
                Point(
                    attributes: zip(definition.labels, point.labels).map { OTLPAttribute($0, $1) }, value: point.value)
            })
    }
}

extension MetricDefinition {
    /// In UCUM; what is counted has none.
    fileprivate var otlpUnit: String {
        switch unit {
        case .seconds: "s"
        case .bytes: "By"
        case .dollars: "{USD}"
        case .none: ""
        }
    }

    fileprivate var otlpKind: OTLPMetric.Kind {
        switch kind {
        case .counter: .sum
        case .gauge: .gauge
        case .histogram: .histogram
        }
    }
}
