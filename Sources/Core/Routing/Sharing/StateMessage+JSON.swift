import JSON
import Time

/// Why a record of the state topic is left unread.
public enum UnreadableState: Error, Hashable, Sendable {
    /// Of another version, or of something else.
    case unknownSchema
    /// Not JSON, or a member is missing or makes no sense.
    case malformed
}

extension StateMessage {
    private static let schema = "bedrock-relay.state.v1"
    /// Far more than a report takes; what is larger is not ours and not worth parsing.
    private static let maximumSize = 65_536
    /// Counters beyond this are nonsense, and sums of them stay within an Int.
    private static let largestCount = 1 << 48

    /// The record's value.
    public func json() -> [UInt8] {
        var writer = JSONWriter(capacity: 320)
        writer.beginObject()
        writer.member("schema", Self.schema)
        writer.member("instance", instance.name)
        writer.member("started", Int(instance.started))
        if case .report(let report) = content { report.write(to: &writer) }
        writer.endObject()
        return writer.finish()
    }

    /// Reads a record's value. Members that are not known are left alone: fields are only ever added.
    public init(json: [UInt8]) throws(UnreadableState) {
        guard json.count <= Self.maximumSize, let document = try? JSONDocument(parsing: json, maximumDepth: 8) else {
            throw .malformed
        }
        let root = document.root
        guard root["schema"]?.isString(Self.schema) == true else { throw .unknownSchema }
        guard let name = root["instance"]?.string, !name.isEmpty, let started = root["started"]?.integer else {
            throw .malformed
        }
        instance = RouterInstance(name: name, started: Int64(started))
        content = root["deployment"] == nil ? .heartbeat : .report(try DeploymentReport(root))
    }

    fileprivate static func count(_ value: JSONValue?) throws(UnreadableState) -> Int {
        guard let value else { return 0 }
        guard let count = value.integer, (0...largestCount).contains(count) else { throw .malformed }
        return count
    }
}

extension DeploymentReport {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member("deployment", deployment.rawValue)
        writer.member("minute", Int(minute))
        writer.member("requests", requests)
        writer.member("tokens", tokens)
        writer.member("input_tokens", inputTokens)
        writer.member("output_tokens", outputTokens)
        writer.member("reserved_tokens", reservedTokens)
        if let cooldownEnd { writer.member("cooldown_until_ms", Int(cooldownEnd.roundedUpMilliseconds)) }
        if let perToken { write(perToken, "latency_per_token", to: &writer) }
        if let firstToken { write(firstToken, "time_to_first_token", to: &writer) }
    }

    private func write(_ estimate: LatencyEstimate, _ key: StaticString, to writer: inout JSONWriter) {
        writer.key(key)
        writer.beginObject()
        writer.member("seconds", estimate.seconds)
        writer.member("samples", estimate.samples)
        writer.endObject()
    }

    fileprivate init(_ root: JSONValue) throws(UnreadableState) {
        guard let deployment = root["deployment"]?.string, !deployment.isEmpty,
            let minute = root["minute"]?.integer
        else { throw .malformed }
        self.init(deployment: DeploymentID(deployment), minute: Int64(minute))
        requests = try StateMessage.count(root["requests"])
        tokens = try StateMessage.count(root["tokens"])
        inputTokens = try StateMessage.count(root["input_tokens"])
        outputTokens = try StateMessage.count(root["output_tokens"])
        reservedTokens = try StateMessage.count(root["reserved_tokens"])
        if let end = root["cooldown_until_ms"] {
            guard let milliseconds = end.integer else { throw .malformed }
            cooldownEnd = Instant(unixMilliseconds: Int64(milliseconds))
        }
        perToken = try LatencyEstimate(root["latency_per_token"])
        firstToken = try LatencyEstimate(root["time_to_first_token"])
    }
}

extension LatencyEstimate {
    fileprivate init?(_ value: JSONValue?) throws(UnreadableState) {
        guard let value else { return nil }
        guard let seconds = value["seconds"]?.double, (0...1e9).contains(seconds),
            let samples = value["samples"]?.integer, (1...1_000_000).contains(samples)
        else { throw .malformed }
        self.init(seconds: seconds, samples: samples)
    }
}

extension Instant {
    /// So that a cool-down never ends earlier elsewhere than where it began.
    fileprivate var roundedUpMilliseconds: Int64 {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder > 0 ? quotient + 1 : quotient
    }
}
