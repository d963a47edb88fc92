import Simulator
import Testing

@Suite struct LoadGeneratorTests {
    private func settings(_ cluster: KafkaMockCluster, requests: Int, replyPartitions: Int = 2) throws
        -> LoadGenerator.Settings
    {
        try cluster.createTopic("requests", partitions: 1)
        try cluster.createTopic("replies", partitions: replyPartitions)
        return LoadGenerator.Settings(
            bootstrapServers: cluster.bootstrapServers, requestTopic: "requests", replyTopic: "replies",
            requests: requests, body: { Array("request \($0)".utf8) })
    }

    @Test func `every reply is matched with its request`() throws {
        let cluster = try KafkaMockCluster()
        let generator = try LoadGenerator(try settings(cluster, requests: 500))
        let echo = RawKafkaEcho(bootstrapServers: cluster.bootstrapServers, from: "requests", to: "replies")
        generator.start()
        let result = generator.wait(upTo: .seconds(30))
        echo.stop()
        #expect(result.sent == 500)
        #expect(result.replied == 500)
        #expect(result.undelivered == 0)
        #expect(result.statuses == ["200": 500])
        #expect(result.latencies.count == 500)
        let median = try #require(result.latency(atShare: 0.5))
        let p99 = try #require(result.latency(atShare: 0.99))
        #expect(median <= p99 && median > .zero)
        #expect(result.repliesPerSecond > 0)
    }

    @Test func `a set rate is kept and a second reply is a duplicate`() throws {
        let cluster = try KafkaMockCluster()
        // One partition keeps the order: all duplicates but the last request's come before the run is complete.
        var settings = try settings(cluster, requests: 20, replyPartitions: 1)
        settings.requestsPerSecond = 100
        let generator = try LoadGenerator(settings)
        let echo = RawKafkaEcho(bootstrapServers: cluster.bootstrapServers, from: "requests", to: "replies", copies: 2)
        generator.start()
        let result = generator.wait(upTo: .seconds(30))
        echo.stop()
        #expect(result.replied == 20)
        #expect(result.duplicates >= 19)
        #expect(result.elapsed >= .milliseconds(190))
    }

    @Test func `without replies it ends when its time is up`() throws {
        let cluster = try KafkaMockCluster()
        let generator = try LoadGenerator(try settings(cluster, requests: 3))
        generator.start()
        let result = generator.wait(upTo: .milliseconds(300))
        #expect(result.replied == 0)
        #expect(result.latency(atShare: 0.5) == nil)
    }

    @Test func `a setting librdkafka does not know is refused by name`() throws {
        let cluster = try KafkaMockCluster()
        var settings = try settings(cluster, requests: 1)
        settings.properties = ["no.such.thing": "1"]
        let error = #expect(throws: LoadError.self) { _ = try LoadGenerator(settings) }
        #expect(error?.message.contains("no.such.thing") == true)
    }
}
