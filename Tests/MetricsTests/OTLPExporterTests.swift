import JSON
import Testing
import Time

@testable import Metrics

@Suite struct OTLPExporterTests {
    private let start = Instant(unixMilliseconds: 1_767_225_600_000)
    private let resource = [OTLPAttribute("service.name", "bedrock-relay"), OTLPAttribute("service.version", "1.2.3")]

    private func metrics(_ count: Int, error: String? = nil) -> RelayMetrics {
        var metrics = RelayMetrics(modelGroups: ["claude-3"], measuresGenAI: true)
        for _ in 0..<count { metrics.record(.sample()) }
        if let error { metrics.record(.sample(attempts: [.sample(status: 500, errorType: error)], deployment: nil)) }
        return metrics
    }

    private func exporter(_ temporality: OTLPTemporality) -> OTLPExporter {
        OTLPExporter(resource: resource, temporality: temporality, start: start)
    }

    /// The one record's resource metrics.
    private func content(of snapshot: OTLPExporter.Snapshot) throws -> JSONDocument {
        #expect(snapshot.records.count == 1)
        return try JSONDocument(parsing: snapshot.records[0])
    }

    private func metric(_ name: String, in document: JSONDocument) -> JSONValue? {
        let scope = document.root["resourceMetrics"]?.elements.first { _ in true }?["scopeMetrics"]?.elements.first {
            _ in
            true
        }
        return scope?["metrics"]?.elements.first { $0["name"]?.string == name }
    }

    private func points(_ metric: JSONValue?, _ kind: String) -> [JSONValue] {
        metric?[kind]?["dataPoints"].map { Array($0.elements) } ?? []
    }

    private func attributes(_ point: JSONValue) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (point["attributes"]?.elements.map { $0 } ?? []).map { entry in
                let value = entry["value"]
                return (entry["key"]?.string ?? "", value?["stringValue"]?.string ?? value?["intValue"]?.string ?? "")
            })
    }

    @Test func `operation durations have the conventions' name, unit, buckets and attributes`() throws {
        let now = start.advanced(by: .seconds(15))
        let snapshot = exporter(.cumulative).snapshot(
            of: metrics(3, error: "InternalServerError"), gauges: GaugeSnapshot(),
            servers: ["d-1": OTLPServer(address: "bedrock-runtime.us-east-1.amazonaws.com", port: 443)], now: now)
        let document = try content(of: snapshot)

        let metric = metric("gen_ai.client.operation.duration", in: document)
        #expect(metric?["unit"]?.string == "s")
        #expect(metric?["histogram"]?["aggregationTemporality"]?.integer == 2)
        let points = points(metric, "histogram")
        #expect(points.count == 2)
        let success = try #require(points.first { attributes($0)["error.type"] == nil })
        #expect(success["count"]?.string == "3")
        #expect(success["startTimeUnixNano"]?.string == "1767225600000000000")
        #expect(success["timeUnixNano"]?.string == "1767225615000000000")
        let bounds = success["explicitBounds"].map { $0.elements.compactMap(\.double) } ?? []
        #expect(bounds.count == 14 && bounds.first == 0.01 && bounds.last == 81.92)
        let counts = success["bucketCounts"].map { $0.elements.compactMap(\.string) } ?? []
        #expect(counts == ["0", "0", "0", "0", "0", "0", "3", "0", "0", "0", "0", "0", "0", "0", "0"])
        let model = "anthropic.claude-3-haiku-20240307-v1:0"
        #expect(
            attributes(success) == [
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": model,
                "gen_ai.response.model": model, "bedrock_relay.model_group": "claude-3",
                "bedrock_relay.deployment.id": "d-1", "cloud.region": "us-east-1",
                "server.address": "bedrock-runtime.us-east-1.amazonaws.com", "server.port": "443",
            ])
        let failure = try #require(points.first { attributes($0)["error.type"] != nil })
        #expect(attributes(failure)["error.type"] == "InternalServerError")
        #expect(attributes(failure)["gen_ai.response.model"] == nil)
    }

    @Test func `token usage is told by type`() throws {
        let snapshot = exporter(.cumulative).snapshot(
            of: metrics(2), gauges: GaugeSnapshot(), servers: [:], now: start)
        let document = try content(of: snapshot)

        let metric = metric("gen_ai.client.token.usage", in: document)
        #expect(metric?["unit"]?.string == "{token}")
        let points = points(metric, "histogram")
        let sums = points.map { (attributes($0)["gen_ai.token.type"] ?? "", $0["sum"]?.double ?? 0) }
        #expect(sums.map(\.0) == ["input", "output"] && sums.map(\.1) == [24, 80])
        #expect(points.first?["bucketCounts"].map { Array($0.elements) }?.count == 15)
    }

    @Test func `our own metrics come under their names without what OpenTelemetry adds`() throws {
        let snapshot = exporter(.cumulative).snapshot(
            of: metrics(2), gauges: .full, servers: [:], now: start)
        let document = try content(of: snapshot)

        let requests = metric("bedrock_relay.requests", in: document)
        #expect(requests?["sum"]?["isMonotonic"]?.bool == true)
        #expect(points(requests, "sum").first?["asInt"]?.string == "2")
        #expect(metric("bedrock_relay.request_duration", in: document)?["unit"]?.string == "s")
        let cost = metric("bedrock_relay.cost_dollars", in: document)
        #expect(points(cost, "sum").first?["asDouble"]?.double == 0.000106)
        let gauge = metric("bedrock_relay.requests_in_flight", in: document)
        #expect(points(gauge, "gauge").first?["startTimeUnixNano"] == nil)
        #expect(gauge?["gauge"]?["aggregationTemporality"] == nil)
    }

    @Test func `deltas tell what has come since the last delivered snapshot`() throws {
        var exporter = exporter(.delta)
        var now = start
        func count(_ metrics: RelayMetrics, isDelivered: Bool) throws -> (count: String?, since: String?) {
            now = now.advanced(by: .seconds(10))
            let snapshot = exporter.snapshot(of: metrics, gauges: GaugeSnapshot(), servers: [:], now: now)
            if isDelivered { exporter.noteDelivered(snapshot) }
            let point = points(metric("gen_ai.client.operation.duration", in: try content(of: snapshot)), "histogram")
            return (point.first?["count"]?.string, point.first?["startTimeUnixNano"]?.string)
        }

        let first = try count(metrics(3), isDelivered: true)
        let lost = try count(metrics(5), isDelivered: false)
        let caughtUp = try count(metrics(9), isDelivered: true)
        let nothing = try count(metrics(9), isDelivered: true)
        let anew = try count(metrics(1), isDelivered: true)

        #expect([first, lost, caughtUp, nothing, anew].map(\.count) == ["3", "2", "6", nil, "1"])
        #expect(caughtUp.since == "1767225610000000000")
    }

    @Test func `a snapshot too large for a record becomes several, each whole`() throws {
        var metrics = RelayMetrics(modelGroups: [], measuresGenAI: true)
        for group in 0..<60 {
            for deployment in 0..<20 {
                metrics.record(
                    .sample(
                        group: "group-\(group)",
                        attempts: [.sample(group: "group-\(group)", deployment: "d-\(deployment)")],
                        deployment: .sample("d-\(deployment)")))
            }
        }

        let records = exporter(.cumulative).snapshot(
            of: metrics, gauges: GaugeSnapshot(), servers: [:], now: start
        ).records

        #expect(records.count > 3)
        #expect(records.allSatisfy { $0.count < 600_000 })
        var attempts = 0
        for record in records {
            let document = try JSONDocument(parsing: record)
            attempts += points(metric("bedrock_relay.attempts", in: document), "sum").count
        }
        #expect(attempts == 1200)
    }

    @Test func `nothing is measured for the conventions unless it is exported`() throws {
        var metrics = RelayMetrics(modelGroups: ["claude-3"])
        metrics.record(.sample())

        let snapshot = exporter(.cumulative).snapshot(of: metrics, gauges: GaugeSnapshot(), servers: [:], now: start)

        #expect(metric("gen_ai.client.operation.duration", in: try content(of: snapshot)) == nil)
    }
}
