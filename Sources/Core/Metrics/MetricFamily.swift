/// One metric's values at one moment, ready for any encoding.
public struct MetricFamily: Sendable {
    public enum Value: Hashable, Sendable {
        case integer(Int)
        case double(Double)
        case histogram(Histogram)
    }

    /// A value and the labels it is for, in the order of the definition's label names.
    public struct Point: Hashable, Sendable {
        public var labels: [String]
        public var value: Value

        public init(labels: [String] = [], _ value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    public let definition: MetricDefinition
    public private(set) var points: [Point]

    public init(_ definition: MetricDefinition, points: [Point] = []) {
        for point in points { Self.check(point, against: definition) }
        self.definition = definition
        self.points = points
    }

    public mutating func append(_ value: Value, labels: String...) {
        let point = Point(labels: labels, value)
        Self.check(point, against: definition)
        points.append(point)
    }

    private static func check(_ point: Point, against definition: MetricDefinition) {
        precondition(point.labels.count == definition.labels.count, "\(definition.name) has other labels")
    }
}
