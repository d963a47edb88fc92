import JSON
import Time

/// Writes metrics as OTLP/JSON: protobuf's JSON mapping with 64-bit integers as text.
struct OTLPEncoder {
    let resource: [OTLPAttribute]
    let temporality: OTLPTemporality
    let start: Instant
    let now: Instant
    /// Bytes that a record may have, give or take one point.
    let recordLimit: Int

    /// Every record is a whole `ExportMetricsServiceRequest`, so it does not matter which ones a consumer sees together.
    func records(_ metrics: [OTLPMetric]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var writer = opened()
        var isEmpty = true
        for metric in metrics {
            var points = metric.points[...]
            while !points.isEmpty {
                if !isEmpty, writer.count >= recordLimit {
                    records.append(closed(writer))
                    writer = opened()
                }
                write(metric, taking: &points, to: &writer)
                isEmpty = false
            }
        }
        if !isEmpty { records.append(closed(writer)) }
        return records
    }

    private func opened() -> JSONWriter {
        var writer = JSONWriter(capacity: 65_536)
        writer.beginObject()
        writer.key("resourceMetrics")
        writer.beginArray()
        writer.beginObject()
        writer.key("resource")
        writer.beginObject()
        writer.attributes(resource)
        writer.endObject()
        writer.key("scopeMetrics")
        writer.beginArray()
        writer.beginObject()
        writer.key("scope")
        writer.beginObject()
        writer.member("name", "bedrock-relay")
        if case .text(let version)? = resource.first(where: { $0.key == "service.version" })?.value {
            writer.member("version", version)
        }
        writer.endObject()
        writer.key("metrics")
        writer.beginArray()
        return writer
    }

    private func closed(_ writer: consuming JSONWriter) -> [UInt8] {
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    /// One metric with as many of `points` as the record takes, at least one.
    private func write(
        _ metric: OTLPMetric, taking points: inout ArraySlice<OTLPMetric.Point>, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("name", metric.name)
        writer.member("unit", metric.unit)
        writer.member("description", metric.description)
        switch metric.kind {
        case .sum: writer.key("sum")
        case .gauge: writer.key("gauge")
        case .histogram: writer.key("histogram")
        }
        writer.beginObject()
        if metric.kind != .gauge { writer.member("aggregationTemporality", temporality.code) }
        if metric.kind == .sum { writer.member("isMonotonic", true) }
        writer.key("dataPoints")
        writer.beginArray()
        repeat {
            guard let point = points.popFirst() else { break }
            write(point, isGauge: metric.kind == .gauge, to: &writer)
        } while writer.count < recordLimit
        writer.endArray()
        writer.endObject()
        writer.endObject()
    }

    private func write(_ point: OTLPMetric.Point, isGauge: Bool, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.attributes(point.attributes)
        if !isGauge { writer.member("startTimeUnixNano", "\(start.nanoseconds)") }
        writer.member("timeUnixNano", "\(now.nanoseconds)")
        switch point.value {
        case .integer(let value): writer.member("asInt", "\(value)")
        case .double(let value): writer.member("asDouble", value)
        case .histogram(let histogram):
            writer.member("count", "\(histogram.count)")
            writer.member("sum", histogram.sum)
            writer.key("explicitBounds")
            writer.beginArray()
            for bound in histogram.bounds.upper { writer.double(bound) }
            writer.endArray()
            writer.key("bucketCounts")
            writer.beginArray()
            for count in histogram.counts { writer.string("\(count)") }
            writer.endArray()
        }
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func attributes(_ attributes: [OTLPAttribute]) {
        key("attributes")
        beginArray()
        for attribute in attributes {
            beginObject()
            member("key", attribute.key)
            key("value")
            beginObject()
            switch attribute.value {
            case .text(let text): member("stringValue", text)
            case .integer(let number): member("intValue", "\(number)")
            }
            endObject()
            endObject()
        }
        endArray()
    }
}
