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
        let scaled = UInt64((abs(amount) * 1e12).rounded())
        var (whole, fraction) = scaled.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        // From its end: at most a sign, six digits, a point and twelve digits.
        var text = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var first = text.count
        func put(_ byte: UInt8) {
            first -= 1
            text[first] = byte
        }
        func putDigit(of number: inout UInt64) {
            put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
            number /= 10
        }
        if fraction > 0 {
            var places = 12
            while fraction % 10 == 0 {
                fraction /= 10
                places -= 1
            }
            for _ in 0..<places { putDigit(of: &fraction) }
            put(UInt8(ascii: "."))
        }
        repeat { putDigit(of: &whole) } while whole > 0
        if amount < 0 { put(UInt8(ascii: "-")) }
        return text.span.extracting(first...).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}
