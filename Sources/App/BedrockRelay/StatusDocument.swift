import JSON
import Metrics
import Pipeline
import Time

/// `/status.json`: what the page at `/` shows. Nothing here is secret: credentials never reach the router, and failures
/// are told in the words of their error replies.
struct StatusDocument {
    var status: RelayStatus
    var now: Instant
    /// Why the process is unhealthy, or not ready.
    var problem: String?
    var isHealthy: Bool
    var isReady: Bool
    var totals: ActivityTotals
    /// Of the last minutes, `windowLength` long.
    var window: ActivityTotals
    var windowLength: Duration
    var series: StatusHistory.Series

    func json() -> [UInt8] {
        var writer = JSONWriter(capacity: 4096 + 640 * status.deployments.count)
        writer.beginObject()
        writeHead(&writer)
        writer.key("window")
        writer.group(window.total)
        writer.key("total")
        writer.group(totals.total)
        writeNow(&writer)
        writeSeries(&writer)
        writer.key("groups")
        writer.array(window.groups) { group, writer in
            writer.beginObject()
            writer.member("name", group.name)
            writer.key("window")
            writer.group(group)
            writer.endObject()
        }
        writer.member("strategy", status.strategy.rawValue)
        writer.key("deployments")
        writer.array(status.deployments) { deployment, writer in
            writer.beginObject()
            RoutesPage.writeMembers(of: deployment, to: &writer)
            writer.key("errors")
            writer.counts(window.errors[deployment.deployment.id.rawValue] ?? [:])
            writer.endObject()
        }
        writer.key("partitions")
        writer.array(status.gauges.partitions) { $1.partition($0) }
        writer.key("failures")
        writer.array(status.failures) { $1.failure($0) }
        writer.endObject()
        return writer.finish()
    }

    private func writeHead(_ writer: inout JSONWriter) {
        writer.member("version", Version.text)
        writer.member("instance", Instance.name)
        writer.member("time_ms", Int(now.unixMilliseconds))
        writer.member("started_ms", Int(programStart * 1000))
        writer.member("healthy", isHealthy)
        writer.member("ready", isReady)
        writer.member("problem", problem)
        writer.member("window_s", windowLength.inSeconds)
    }

    private func writeNow(_ writer: inout JSONWriter) {
        writer.key("now")
        writer.beginObject()
        writer.member("in_flight", status.gauges.requestsInFlight)
        writer.member("held", status.held)
        writer.member("buffered_bytes", status.gauges.bufferedBytes)
        writer.member("producer_queue", status.gauges.producerQueue)
        writer.endObject()
    }

    private func writeSeries(_ writer: inout JSONWriter) {
        writer.key("series")
        writer.beginObject()
        writer.member("step_s", StatusHistory.step.inSeconds)
        writer.key("success")
        writer.array(series.success) { $1.integer($0) }
        writer.key("error")
        writer.array(series.error) { $1.integer($0) }
        writer.key("invalid")
        writer.array(series.invalid) { $1.integer($0) }
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func array<Element>(_ elements: [Element], _ write: (Element, inout JSONWriter) -> Void) {
        beginArray()
        for element in elements { write(element, &self) }
        endArray()
    }

    fileprivate mutating func counts(_ counts: [String: Int]) {
        beginObject()
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
            key(text: name)
            integer(count)
        }
        endObject()
    }

    fileprivate mutating func group(_ group: ModelGroupTotals) {
        beginObject()
        member("success", group.success)
        member("error", group.error)
        member("invalid", group.invalid)
        member("retries", group.retries)
        member("fallbacks", group.fallbacks)
        member("prompt_tokens", group.promptTokens)
        member("completion_tokens", group.completionTokens)
        member("cost_usd", group.cost)
        optional("p50_s", group.durationQuantile(0.5))
        optional("p95_s", group.durationQuantile(0.95))
        optional("p99_s", group.durationQuantile(0.99))
        endObject()
    }

    fileprivate mutating func partition(_ partition: GaugeSnapshot.Partition) {
        beginObject()
        member("topic", partition.topic)
        member("partition", Int(partition.partition))
        optional("lag", partition.lag.map { Int($0) })
        member("in_flight", partition.inFlight)
        optional("span", partition.watermarkSpan.map { Int($0) })
        optional("oldest_s", partition.oldestPendingAge?.inSeconds)
        endObject()
    }

    fileprivate mutating func failure(_ failure: RecentFailures.Entry) {
        beginObject()
        member("time_ms", Int(failure.time.unixMilliseconds))
        member("count", failure.count)
        member("status", failure.status)
        member("type", failure.type.rawValue)
        member("message", failure.message)
        member("model_group", failure.modelGroup)
        member("invalid", failure.isInvalid)
        member("source", failure.source)
        key("attempts")
        array(failure.attempts) { attempt, writer in
            writer.beginObject()
            writer.member("model", attempt.model)
            writer.member("status", attempt.status)
            writer.endObject()
        }
        endObject()
    }
}
