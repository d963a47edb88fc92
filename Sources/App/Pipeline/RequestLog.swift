import ChatCompletions
import EventLoop
import Logging
import Partitions

/// Lines about single requests. Each names its request by correlation id, trace id (where there is one) and source.
///
/// A failing broker or model fails every request alike: repeats of one kind are limited, and counted.
@RequestPath
struct RequestLog {
    let logger: Logger

    func answered(_ progress: RequestProgress) {
        let trail = progress.trail
        logger.debug(
            "request answered",
            [
                "correlation_id": .string(progress.envelope.correlationID), "trace_id": .optional(progress.traceID),
                "source": .string(progress.source), "model_group": .optional(progress.modelGroup),
                "deployment_id": .optional(trail.answering?.deployment.id.rawValue), "status": 200,
                "retries": .integer(trail.retries), "fallbacks": .integer(trail.fallbacks),
            ])
    }

    func failed(_ progress: RequestProgress, _ failure: RequestFailure) {
        let trail = progress.trail
        logger.warning(
            "request failed",
            [
                "correlation_id": .string(progress.envelope.correlationID), "trace_id": .optional(progress.traceID),
                "source": .string(progress.source), "model_group": .optional(progress.modelGroup),
                "deployment_id": .optional(trail.entries.last?.deployment.id.rawValue),
                "status": .integer(failure.status), "error_type": .string(failure.type.rawValue),
                "reason": .string(failure.message), "retries": .integer(trail.retries),
                "fallbacks": .integer(trail.fallbacks),
            ], limitedBy: "\(failure.status) \(failure.type.rawValue)")
    }

    /// `what` could not be written to `topic`: reply, dead letter, or either.
    func notWritten(_ progress: RequestProgress, _ what: String, topic: String, reason: String?) {
        logger.warning(
            what,
            [
                "correlation_id": .string(progress.envelope.correlationID), "trace_id": .optional(progress.traceID),
                "source": .string(progress.source), "topic": .string(topic), "reason": .optional(reason),
            ], limitedBy: topic)
    }
}

extension RequestProgress {
    fileprivate var source: String { ReplyWriter.source(of: record) }

    /// The trace that the request belongs to: of a W3C `traceparent`, 32 hexadecimal digits. Nil for anything else.
    var traceID: String? {
        guard let value = envelope.trace.last("traceparent") else { return nil }
        let parts = value.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let isHexadecimal = { (part: ArraySlice<UInt8>) in
            part.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        guard parts.count >= 4, parts.prefix(4).map(\.count) == [2, 32, 16, 2],
            parts.prefix(4).allSatisfy(isHexadecimal)
        else { return nil }
        return String(decoding: parts[1], as: UTF8.self)
    }
}
