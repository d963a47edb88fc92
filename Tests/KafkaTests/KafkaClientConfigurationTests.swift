import Testing

@testable import Kafka

@Suite struct KafkaClientConfigurationTests {
    @Test func `an unknown property is refused in librdkafka's own words`() {
        let error = #expect(throws: KafkaError.self) {
            _ = try KafkaClientConfiguration(properties: [KafkaProperty("bootstrap.server", "x")], role: .producer)
        }
        #expect(error?.kind == .configuration)
        #expect(error?.message == "No such configuration property: \"bootstrap.server\"")
    }

    @Test func `check learns of every problem at once`() {
        let problems = KafkaClientConfiguration.problems(in: [
            KafkaProperty("bootstrap.servers", "localhost:9092"), KafkaProperty("nope", "1"),
            KafkaProperty("session.timeout.ms", "soon"), KafkaProperty("linger.ms", "5"),
            KafkaProperty("enable.auto.commit", "true"), KafkaProperty("enable.auto.commit", "false"),
        ])
        #expect(problems.map(\.property.name) == ["nope", "session.timeout.ms", "enable.auto.commit"])
        #expect(problems.allSatisfy { $0.message.contains($0.property.name) })
    }

    @Test(arguments: [KafkaClientConfiguration.Role.consumer, .producer])
    func `one section serves both clients`(role: KafkaClientConfiguration.Role) throws {
        _ = try KafkaClientConfiguration(
            properties: [
                KafkaProperty("group.id", "relay"), KafkaProperty("linger.ms", "20"),
                KafkaProperty("fetch.min.bytes", "1"),
                KafkaProperty("compression.codec", "zstd"), KafkaProperty("auto.offset.reset", "latest"),
            ], role: role)
    }

    @Test func `what does not go together is told by the client that cannot be`() {
        func conflict(_ role: KafkaClientConfiguration.Role, _ properties: [String: String]) -> String? {
            KafkaClientConfiguration.conflict(
                among: properties.map { KafkaProperty($0.key, $0.value) } + [KafkaProperty("group.id", "relay")],
                role: role)
        }
        #expect(conflict(.consumer, [:]) == nil)
        #expect(conflict(.producer, [:]) == nil)
        #expect(conflict(.consumer, ["session.timeout.ms": "400000"])?.contains("max.poll.interval.ms") == true)
        #expect(conflict(.producer, ["acks": "1"])?.contains("enable.idempotence") == true)
        #expect(conflict(.consumer, ["acks": "1"]) == nil, "consumers do not read it")
        // Would have kinit run.
        #expect(conflict(.consumer, ["security.protocol": "SASL_SSL", "sasl.kerberos.kinit.cmd": "false"]) == nil)
    }

    @Test func `librdkafka's table says who reads a property`() {
        let table = PropertyTable.installed
        #expect(table.scope(of: "group.id") == .consumer)
        #expect(table.scope(of: "auto.offset.reset") == .consumer)
        #expect(table.scope(of: "linger.ms") == .producer)
        #expect(table.scope(of: "partitioner") == .producer)
        #expect(table.scope(of: "bootstrap.servers") == .both)
        #expect(table.scope(of: "no.such.property") == .both)
    }

    @Test func `a table in another form is read as far as it goes`() {
        let table = PropertyTable(text: "a | C | 1\nb|P\n\nc |  *  | x\n | | |\nd | ? | z\ne | P | 1\ne | C | 1")
        #expect(table.scope(of: "a") == .consumer && table.scope(of: "b") == .both && table.scope(of: "c") == .both)
        #expect(table.scope(of: "e") == .both, "read by both, once each")
    }
}
