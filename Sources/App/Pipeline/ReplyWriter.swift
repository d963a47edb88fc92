public import EventLoop
public import Partitions
import Routing

/// Makes reply records: value, key, partition and the headers of the contract's section 4.
@RequestPath
public struct ReplyWriter: Sendable {
    public nonisolated init() {}

    /// `modelGroup` is the requested one, nil when the request could not be read that far.
    public func reply(
        _ value: [UInt8], status: Int, to topic: String, partition: Int32?, envelope: RequestEnvelope,
        source: ConsumerRecord, modelGroup: String?, trail: AttemptTrail, cost: Double?
    ) -> ProducerRecord {
        var headers = RecordHeaders()
        headers.reserveCapacity(headers: 12, bytes: 512)
        for index in 0..<envelope.correlation.count { headers.append(index, of: envelope.correlation) }
        for index in 0..<envelope.trace.count { headers.append(index, of: envelope.trace) }
        headers.append("content-type", text: "application/json")
        headers.append("x-relay-status", text: String(status))
        if let modelGroup { headers.append("x-relay-model-group", text: modelGroup) }
        if let answering = trail.answering, status == 200 {
            headers.append("x-relay-model", text: answering.modelID)
            headers.append("x-relay-deployment-id", text: answering.deployment.id.rawValue)
        }
        headers.append("x-relay-attempted-retries", text: String(trail.retries))
        headers.append("x-relay-attempted-fallbacks", text: String(trail.fallbacks))
        if let cost { headers.append("x-relay-response-cost", text: DecimalText.dollars(cost)) }
        headers.append("x-relay-source", text: Self.source(of: source))
        return ProducerRecord(
            topic: topic, partition: partition, key: envelope.replyKey, value: value, headers: headers)
    }

    /// `<topic>/<partition>/<offset>`.
    nonisolated static func source(of record: ConsumerRecord) -> String {
        "\(record.source.topic)/\(record.source.partition)/\(record.offset.rawValue)"
    }
}

/// Numbers as plain decimal text.
enum DecimalText {
    /// US dollars to 12 places at most, without exponent or trailing zeros: `0.000053`.
    static func dollars(_ amount: Double) -> String {
        guard amount.isFinite, abs(amount) < 1e6 else { return "\(amount)" }
        let scaled = Int64((abs(amount) * 1e12).rounded())
        let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        var digits = String(fraction)
        digits = String(repeating: "0", count: 12 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return (amount < 0 ? "-" : "") + (digits.isEmpty ? "\(whole)" : "\(whole).\(digits)")
    }
}
