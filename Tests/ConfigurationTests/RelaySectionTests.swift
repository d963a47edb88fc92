import Configuration
import Testing

@Suite struct RelaySectionTests {
    @Test func `every key of the section is read`() throws {
        let relay = try load(
            """
            relay:
              request_topics: [a, b]
              reply_topic: r
              allowed_reply_topics: ["r.*", "team-[ab]"]
              metrics_topic: null
              dead_letter_topic: ~
              partition_concurrency: 1
              max_in_flight: 2
              ordering: key
              on_capacity_exhausted: reject
              request_deadline: 1.5
              transaction_interval: 0.2
              stream_flush: 0
              max_buffered_bytes: 1048576
              shutdown_grace: 5
              admin: "[::1]:80"
              log_level: debug
              log_format: text
            """
        ).relay

        #expect(relay.requestTopics == ["a", "b"])
        #expect(relay.replyTopic == "r")
        #expect(relay.allowedReplyTopics == ["r.*", "team-[ab]"])
        #expect(relay.metricsTopic == nil)
        #expect(relay.deadLetterTopic == nil)
        #expect(relay.partitionConcurrency == 1)
        #expect(relay.maxInFlight == 2)
        #expect(relay.ordering == .key)
        #expect(relay.onCapacityExhausted == .reject)
        #expect(relay.requestDeadline == .milliseconds(1500))
        #expect(relay.transactionInterval == .milliseconds(200))
        #expect(relay.streamFlush == .zero)
        #expect(relay.maxBufferedBytes == 1_048_576)
        #expect(relay.shutdownGrace == .seconds(5))
        #expect(relay.admin == "[::1]:80")
        #expect(relay.logLevel == "debug")
        #expect(relay.logFormat == "text")
    }

    @Test func `the capacity policy reaches the router`() throws {
        #expect(try load("relay: {on_capacity_exhausted: reject}").router.onCapacityExhausted == .reject)
        #expect(try load("").router.onCapacityExhausted == .wait)
    }

    @Test(arguments: [
        ("partition_concurrency: 0", "\"0\" is not valid, expected a whole number from 1 to 100000"),
        ("partition_concurrency: many", "\"many\" is not valid, expected a whole number from 1 to 100000"),
        ("partition_concurrency: 1.5", "\"1.5\" is not valid, expected a whole number from 1 to 100000"),
        ("partition_concurrency: [1]", "a list cannot be used here, expected a whole number from 1 to 100000"),
        (
            "ordering: partitions",
            "\"partitions\" is not valid, expected one of unordered, key, partition; did you mean partition?"
        ),
        ("reply_topic: a b", "\"a b\" is not valid, expected a topic name (1 to 249 characters of a-z A-Z 0-9 . _ -)"),
        ("reply_topic: ..", "\"..\" is not valid, expected a topic name (1 to 249 characters of a-z A-Z 0-9 . _ -)"),
        ("request_topics: []", "the list is empty, expected at least one value"),
        ("request_topics: [a, b, a]", "\"a\" is there twice, expected each topic once"),
        ("request_deadline: 0", "\"0\" is not valid, expected a number of seconds of at least 0.001"),
        ("request_deadline: .inf", "\".inf\" is not valid, expected a number of seconds of at least 0.001"),
        ("stream_flush: -1", "\"-1\" is not valid, expected a number of seconds from 0 to 60"),
        ("admin: 9464", "\"9464\" is not valid, expected host:port, such as 127.0.0.1:9464, or null"),
        (
            "admin: localhost:99999",
            "\"localhost:99999\" is not valid, expected host:port, such as 127.0.0.1:9464, or null"
        ),
        ("log_level: trace", "\"trace\" is not valid, expected one of debug, info, warning, error"),
        ("watch_config: maybe", "\"maybe\" is not valid, expected true or false"),
        ("state_topic: chat.replies", "\"chat.replies\" is reply_topic as well, expected a topic of its own"),
        (
            "reply_topic: chat.requests",
            "\"chat.requests\" is one of request_topics as well, expected another topic: the relay would read what it writes"
        ),
    ])
    func `a wrong value is an error that says what is expected`(_ line: String, _ message: String) {
        let key = line.prefix { $0 != ":" }
        #expect(problems(in: "relay:\n  \(line)\n") == ["test.yaml:2: relay.\(key): \(message)"])
    }

    @Test func `unknown keys are errors with the nearest key`() {
        #expect(
            problems(in: "relay:\n  partition_concurency: 3\n  max_inflight: 1\n") == [
                "test.yaml:2: relay.partition_concurency: is not a known key; did you mean partition_concurrency?",
                "test.yaml:3: relay.max_inflight: is not a known key; did you mean max_in_flight?",
            ])
        #expect(
            problems(in: "relay: {zzz: 3}\n")[0].hasPrefix(
                "test.yaml:1: relay.zzz: is not a known key, expected one of request_topics, "))
        #expect(problems(in: "relay: [1]\n") == ["test.yaml:1: relay: expected a mapping"])
    }
}
