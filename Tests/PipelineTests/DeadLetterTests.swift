import ChatCompletions
import Partitions
import Testing
import Time

@testable import Pipeline

@Suite struct DeadLetterTests {
    private let now = Instant(unixMilliseconds: 1_800_000_000_000)

    private func letter(of record: ConsumerRecord, offset: Int64 = 0) -> ConsumerRecord {
        .deadLetter(of: record, offset: offset)
    }

    private func names(_ headers: RecordHeaders) -> [String] {
        (0..<headers.count).map { String(decoding: headers.name(at: $0), as: UTF8.self) }
    }

    @Test func `a request comes back as it was, but for the count`() throws {
        var headers = RecordHeaders()
        headers.append("correlation-id", text: "c-1")
        headers.append("tag", null: ())
        headers.append("tag", [0, 255])
        let request = ConsumerRecord.request("{}", with: headers, key: Array("k".utf8))

        let letter = try #require(DeadLetter(letter(of: request)))
        let again = letter.request(partitionCount: 4, now: now)

        #expect(letter.errorType == "rate_limit_error")
        #expect((again.topic, again.partition) == (request.source.topic, request.source.partition))
        #expect((again.key, again.value) == (request.key, request.value))
        #expect(names(again.headers) == ["correlation-id", "tag", "tag", DeadLetter.countHeader])
        #expect(again.headers.value(at: 1) == nil)
        #expect(again.headers.value(at: 2).map(Array.init) == [0, 255])
        #expect(again.text(DeadLetter.countHeader) == "1")
    }

    @Test func `each time counts, and one that failed again comes back just as well`() throws {
        var record = ConsumerRecord.request("{}")
        for count in 1...3 {
            let letter = try #require(DeadLetter(letter(of: record)))
            #expect(letter.redrives == count - 1)
            let again = letter.request(partitionCount: 4, now: now)
            #expect(names(again.headers) == [DeadLetter.countHeader])
            #expect(again.text(DeadLetter.countHeader) == String(count))
            record = ConsumerRecord.request("{}", with: again.headers)
        }
    }

    @Test func `headers that tools left on the request before it failed stay`() throws {
        var headers = RecordHeaders()
        headers.append("kafka_dlt-original-topic", text: "elsewhere")
        headers.append("__connect.errors.topic", text: "elsewhere")
        let letter = try #require(DeadLetter(letter(of: .request("{}", with: headers))))

        let again = letter.request(partitionCount: 4, now: now)
        #expect(
            names(again.headers) == ["kafka_dlt-original-topic", "__connect.errors.topic", DeadLetter.countHeader])
    }

    @Test func `a header that a tool put on the dead letter stays`() throws {
        let written = letter(of: .request("{}"))
        var headers = written.headers
        headers.append("mirrored-from", text: "a")
        let letter = try #require(DeadLetter(.request("{}", with: headers)))

        #expect(
            names(letter.request(partitionCount: 4, now: now).headers) == ["mirrored-from", DeadLetter.countHeader])
    }

    @Test(arguments: [(-1, false), (0, false), (1, true)])
    func `a deadline stays only while it can be met`(milliseconds: Int64, stays: Bool) throws {
        var headers = RecordHeaders()
        headers.append("deadline", text: String(now.unixMilliseconds + milliseconds))
        let letter = try #require(DeadLetter(letter(of: .request("{}", with: headers))))

        #expect(names(letter.request(partitionCount: 4, now: now).headers).contains("deadline") == stays)
    }

    @Test func `a partition that is no more is chosen by key`() throws {
        let letter = try #require(DeadLetter(letter(of: .request("{}"))))  // of partition 3
        #expect(letter.request(partitionCount: 3, now: now).partition == nil)
        #expect(letter.request(partitionCount: 4, now: now).partition == 3)
    }

    @Test(arguments: ["", "a", "a/b", "a/0", "a/b/c", "a/0/x", "/0/1", "a/-1/1", "a/0/-1", "a/0/1/2", "a/4294967296/0"])
    func `a source that cannot be read makes it a foreign record`(source: String) {
        var headers = letter(of: .request("{}")).headers
        headers.append("x-relay-source", text: source)
        #expect(DeadLetter(.request("{}", with: headers)) == nil)
    }

    @Test func `a record without our headers is a foreign one`() {
        #expect(DeadLetter(.request("{}")) == nil)
    }
}

extension ConsumerRecord {
    static func request(_ value: String, with headers: RecordHeaders, key: [UInt8]? = nil) -> ConsumerRecord {
        let plain = request(value, key: key)
        return ConsumerRecord(
            source: plain.source, offset: plain.offset, timestamp: plain.timestamp, key: key, value: plain.value,
            headers: headers)
    }

    /// What becomes of `record` when it fails.
    static func deadLetter(
        of record: ConsumerRecord, type: RequestFailure.ErrorType = .rateLimit, offset: Int64 = 0,
        partition: Int32 = 0
    ) -> ConsumerRecord {
        let letter = DeadLetterWriter(topic: "dlq", consumerGroup: "g", instance: "i").deadLetter(
            for: record, failure: RequestFailure(status: 429, type: type, message: "no"), isInvalid: false,
            partitionCount: 4, now: Instant(nanoseconds: 0))
        return ConsumerRecord(
            source: TopicPartition(topic: "dlq", partition: partition), offset: Offset(offset), timestamp: 0,
            key: letter.key, value: letter.value, headers: letter.headers)
    }
}
