import Configuration
import Testing

@Suite struct KafkaSectionTests {
    private func properties(_ text: String, environment: [String: String] = [:]) throws -> [String] {
        try load("kafka:\n" + text, environment: environment).kafka.properties.map { "\($0.name)=\($0.value.reveal())" }
    }

    @Test func `properties pass through in file order, in librdkafka's spelling`() throws {
        let text = """
              linger.ms: 5
              message.max.bytes: 1_000_000
              ssl.verify: yes
              quoted: "yes"
              group.id: 010
              socket.timeout.ms: 1e3
              bootstrap.servers: [a:1, b:2]
            """
        #expect(
            try properties(text) == [
                "linger.ms=5", "message.max.bytes=1000000", "ssl.verify=true", "quoted=yes", "group.id=010",
                "socket.timeout.ms=1000", "bootstrap.servers=a:1,b:2",
            ])
    }

    @Test func `a value from the environment is taken as it is`() throws {
        let environment = ["PASSWORD": "yes", "EMPTY": ""]
        let read = try properties(
            "  sasl.password: $PASSWORD\n  client.id: $EMPTY\n  group.id: g", environment: environment)
        #expect(read == ["sasl.password=yes", "group.id=g"])
    }

    @Test func `without a group there is a default one`() throws {
        #expect(try properties("  client.id: x") == ["client.id=x", "group.id=bedrock-relay"])
    }

    @Test(arguments: [
        (
            "enable.auto.commit: true",
            "cannot be changed from false: an offset is committed only after its reply has been acknowledged"
        ),
        (
            "enable.auto.offset.store: on",
            "cannot be changed from false: positions are those of finished requests, not of records taken"
        ),
        ("enable.idempotence: false", "cannot be changed from true: a reply that is sent again must not appear twice"),
        (
            "transactional.id: relay",
            "cannot be set: under relay.delivery: exactly_once it is made from group.id and group.instance.id, "
                + "so that no two instances share one"
        ),
        ("bootstrap: {servers: x}", "a mapping cannot be used here, expected a librdkafka property value"),
    ])
    func `what the relay sets itself cannot be overridden`(_ line: String, _ message: String) {
        let key = line.prefix { $0 != ":" }
        #expect(problems(in: "kafka: {\(line)}") == ["test.yaml:1: kafka.\(key): \(message)"])
    }

    @Test func `writing down what is set anyway is fine`() {
        #expect(problems(in: "kafka: {enable.auto.commit: no, enable.idempotence: true}").isEmpty)
    }

    @Test(arguments: [
        ("group.id: ''", "kafka.group.id: is empty, expected the name of the consumer group"),
        (
            "statistics.interval.ms: 0",
            "kafka.statistics.interval.ms: is 0, expected 1 to 30000: the statistics tell lag, and that brokers are there"
        ),
    ])
    func `what the relay cannot work with is refused`(property: String, problem: String) {
        #expect(problems(in: "kafka: {\(property)}") == ["test.yaml:1: \(problem)"])
    }

    @Test func `brokers are only required to run`() throws {
        let without = try load("kafka: {group.id: g}")
        let error = #expect(throws: ConfigurationErrors.self) { try without.requireBrokers() }
        #expect(
            error?.problems.map(\.description) == [
                "test.yaml: kafka.bootstrap.servers: is missing, expected the brokers' addresses, such as localhost:9092"
            ])
        try load("kafka: {metadata.broker.list: \"a:1\"}").requireBrokers()
    }
}
