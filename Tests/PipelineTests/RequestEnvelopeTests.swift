import Partitions
import Testing
import Time

@testable import Pipeline

@Suite struct RequestEnvelopeTests {
    private func envelope(_ headers: [(String, [UInt8])], key: [UInt8]? = nil) -> RequestEnvelope {
        RequestEnvelope(.request(headers: headers, key: key))
    }

    @Test func `correlation headers are echoed as they came, under their own names`() {
        let uuid: [UInt8] = Array(0..<16)
        let envelope = envelope([("kafka_correlationId", uuid), ("correlation-id", Array("abc".utf8))])

        #expect(envelope.correlation.last("kafka_correlationId").map(Array.init) == uuid)
        #expect(envelope.correlation.last("correlation-id").map(Array.init) == Array("abc".utf8))
        #expect(envelope.correlationID == "abc")
    }

    @Test func `a relay's reply is no request`() {
        let (status, source) = (("x-relay-status", Array("200".utf8)), ("x-relay-source", Array("t/0/1".utf8)))
        #expect(envelope([status, source]).problem?.header == "x-relay-status")
        // A dead letter that is sent again by other means than redrive has no status.
        #expect(envelope([source]).problem == nil)
    }

    @Test func `a binary correlation id reads as a UUID in events and keys the reply as bytes`() {
        let uuid: [UInt8] = Array(0..<16)
        let envelope = envelope([("kafka_correlationId", uuid)])

        #expect(envelope.correlationID == "00010203-0405-0607-0809-0a0b0c0d0e0f")
        #expect(envelope.replyKey == uuid)
    }

    @Test func `of a long correlation id events tell the beginning, and replies all`() {
        let id = Array(("x" + String(repeating: "é", count: 5000)).utf8)
        let envelope = envelope([("correlation-id", id)])

        #expect(envelope.correlationID == "x" + String(repeating: "é", count: 511))
        #expect(envelope.replyKey == id)
        #expect(envelope.correlation.last("correlation-id").map(Array.init) == id)
    }

    @Test func `without a correlation header the source stands in`() {
        let envelope = envelope([])

        #expect(envelope.correlationID == "chat.requests-3-17")
        #expect(envelope.correlation.last("correlation-id").map(Array.init) == Array("chat.requests-3-17".utf8))
        #expect(envelope.replyKey == Array("chat.requests-3-17".utf8))
    }

    @Test func `the request's own key is the reply's key`() {
        #expect(envelope([("correlation-id", [1])], key: [9, 9]).replyKey == [9, 9])
    }

    @Test func `on duplicate headers the last counts`() {
        let envelope = envelope([("reply-topic", Array("one".utf8)), ("reply-topic", Array("two".utf8))])
        #expect(envelope.replyTopic == "two")
    }

    @Test(arguments: ["kafka_replyTopic", "reply-topic", "reply_to"])
    func `every name of the reply topic is understood`(name: String) {
        #expect(envelope([(name, Array("answers".utf8))]).replyTopic == "answers")
    }

    @Test func `a reply partition comes as four big-endian bytes or as decimal text`() {
        #expect(envelope([("kafka_replyPartition", [0, 0, 1, 2])]).replyPartition == 258)
        #expect(envelope([("reply-partition", Array("7".utf8))]).replyPartition == 7)
    }

    @Test(arguments: [
        ("kafka_replyPartition", [0, 0, 1] as [UInt8]), ("kafka_replyPartition", [255, 255, 255, 255]),
        ("reply-partition", Array("seven".utf8)), ("reply-partition", Array("-1".utf8)),
        ("reply-topic", [0xff, 0xfe]), ("deadline", Array("soon".utf8)),
    ])
    func `a header that cannot be followed is named`(name: String, value: [UInt8]) {
        #expect(envelope([(name, value)]).problem?.header == name)
    }

    @Test func `a deadline is an instant`() {
        let deadline = envelope([("deadline", Array("1767607200000".utf8))]).deadline
        #expect(deadline == Instant(unixMilliseconds: 1_767_607_200_000))
    }

    @Test func `trace context is kept as it came`() {
        let parent = Array("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".utf8)
        let envelope = envelope([("traceparent", parent), ("tracestate", Array("a=b".utf8))])
        #expect(envelope.trace.last("traceparent").map(Array.init) == parent)
        #expect(envelope.trace.last("tracestate").map(Array.init) == Array("a=b".utf8))
    }
}

extension ConsumerRecord {
    static func request(
        _ value: String? = nil, headers: [(String, [UInt8])] = [], key: [UInt8]? = nil, partition: Int32 = 3,
        offset: Int64 = 17, timestamp: Int64 = -1
    ) -> ConsumerRecord {
        var recordHeaders = RecordHeaders()
        for (name, value) in headers { recordHeaders.append(name, value) }
        return ConsumerRecord(
            source: TopicPartition(topic: "chat.requests", partition: partition), offset: Offset(offset),
            timestamp: timestamp, key: key, value: value.map { Array($0.utf8) }, headers: recordHeaders)
    }
}
