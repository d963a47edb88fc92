public import Partitions
public import Time

/// A record of the dead-letter topic read back: which request it was, and why it failed. `DeadLetterWriter`'s reverse.
public struct DeadLetter: Sendable {
    /// Where the request came from.
    public let source: TopicPartition
    /// OpenAI's error type, as in the error reply.
    public let errorType: String
    /// How often the request has been re-submitted before it failed the last time.
    public let redrives: Int

    private let record: ConsumerRecord
    /// Where the headers of `DeadLetterWriter` begin; those before are the request's own.
    private let ownHeaderCount: Int

    /// Counts the times that a request has been re-submitted, so that one that always fails can be told.
    public static let countHeader = "x-relay-redrives"

    /// Nil when the relay did not write it.
    public init?(_ record: ConsumerRecord) {
        let headers = record.headers
        guard let first = headers.lastIndex(of: DeadLetterWriter.firstHeader),
            let type = headers.last("x-relay-error-type").flatMap({ String(validating: $0, as: UTF8.self) }),
            let source = headers.last("x-relay-source").flatMap({ TopicPartition(source: $0) })
        else { return nil }
        self.record = record
        self.source = source
        errorType = type
        ownHeaderCount = first
        redrives = headers.last(Self.countHeader).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    /// The request as it was: to the partition it was in where that still exists, with its own headers and a higher
    /// count. A `deadline` that has passed is left out: who re-submits a request wants it answered.
    public func request(partitionCount: Int32, now: Instant) -> ProducerRecord {
        var headers = RecordHeaders()
        headers.reserveCapacity(headers: ownHeaderCount + 1, bytes: record.headers.byteCount)
        for index in 0..<record.headers.count where isOwn(index, now: now) { headers.append(index, of: record.headers) }
        headers.append(Self.countHeader, text: String(redrives + 1))
        return ProducerRecord(
            topic: source.topic, partition: source.partition < partitionCount ? source.partition : nil,
            key: record.key, value: record.value, headers: headers)
    }

    private func isOwn(_ index: Int, now: Instant) -> Bool {
        let name = record.headers.name(at: index)
        if name.elementsEqual(Self.countHeader.utf8) { return false }
        if name.elementsEqual("deadline".utf8) { return !isPast(record.headers.value(at: index), now: now) }
        guard index >= ownHeaderCount else { return true }
        // After the writer's headers a tool between may have added some of its own.
        return !DeadLetterWriter.isWritten(name)
    }

    private func isPast(_ deadline: ArraySlice<UInt8>?, now: Instant) -> Bool {
        guard let deadline, let milliseconds = Int64(String(decoding: deadline, as: UTF8.self)) else { return false }
        return Instant(unixMilliseconds: milliseconds) <= now
    }
}

extension TopicPartition {
    /// Reads `<topic>/<partition>/<offset>`.
    fileprivate init?(source: ArraySlice<UInt8>) {
        let parts = source.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 3, let topic = String(validating: parts[0], as: UTF8.self), !topic.isEmpty,
            let partition = Int32(String(decoding: parts[1], as: UTF8.self)), partition >= 0,
            let offset = Int64(String(decoding: parts[2], as: UTF8.self)), offset >= 0
        else { return nil }
        self.init(topic: topic, partition: partition)
    }
}
