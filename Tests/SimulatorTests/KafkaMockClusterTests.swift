import Simulator
import Testing

@Suite struct KafkaMockClusterTests {
    @Test func `created topics have the partitions asked for, on all brokers`() throws {
        let cluster = try KafkaMockCluster(brokers: 3)
        try cluster.createTopic("chat.requests", partitions: 6)
        let metadata = RawKafkaClient(bootstrapServers: cluster.bootstrapServers).metadata()
        #expect(metadata?.brokers == 3)
        #expect(metadata?.partitions["chat.requests"] == 6)
        #expect(cluster.bootstrapServers.split(separator: ",").count == 3)
    }

    @Test func `a topic that exists is refused with the reason`() throws {
        let cluster = try KafkaMockCluster()
        try cluster.createTopic("twice", partitions: 1)
        #expect(throws: KafkaMockClusterError.self) { try cluster.createTopic("twice", partitions: 1) }
    }

    @Test func `pushed errors fail as many requests, then all is well`() throws {
        let cluster = try KafkaMockCluster()
        try cluster.createTopic("replies", partitions: 1)
        let client = RawKafkaClient(bootstrapServers: cluster.bootstrapServers)
        #expect(client.produce("warm", to: "replies") == 0)
        cluster.pushRequestErrors([.messageTooLarge, .notEnoughReplicas], for: .produce)
        #expect(client.produce("one", to: "replies") == 10)
        #expect(client.produce("two", to: "replies") == 19)
        #expect(client.produce("three", to: "replies") == 0)
    }

    @Test func `cleared errors are not answered`() throws {
        let cluster = try KafkaMockCluster()
        try cluster.createTopic("replies", partitions: 1)
        cluster.pushRequestErrors([.messageTooLarge], for: .produce)
        cluster.clearRequestErrors(for: .produce)
        #expect(RawKafkaClient(bootstrapServers: cluster.bootstrapServers).produce("one", to: "replies") == 0)
    }

    @Test func `a broker that is down comes back`() throws {
        let cluster = try KafkaMockCluster()
        try cluster.createTopic("replies", partitions: 1)
        let client = RawKafkaClient(bootstrapServers: cluster.bootstrapServers)
        try cluster.setBrokerDown(1)
        #expect(client.metadata() == nil)
        try cluster.setBrokerUp(1)
        #expect(client.produce("after", to: "replies") == 0)
    }
}
