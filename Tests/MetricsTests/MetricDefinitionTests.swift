import Metrics
import Testing

@Suite struct MetricDefinitionTests {
    @Test(arguments: MetricDefinition.allCases)
    func `a name says its kind and unit`(metric: MetricDefinition) {
        let name = metric.rawValue
        #expect(metric.name == "bedrock_relay_\(name)")
        #expect(name.hasSuffix("_total") == (metric.kind == .counter))
        #expect(metric.help.hasSuffix("."))
        let stem = name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
        #expect(metric.unit == .none || stem.hasSuffix("_\(metric.unit.rawValue)"))
        #expect(metric.kind != .histogram || metric.unit == .seconds)
    }

    @Test func `labels are lower-case words`() {
        let labels = Set(MetricDefinition.allCases.flatMap(\.labels))
        #expect(labels.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
        #expect(!labels.contains("le"))
    }
}
