import Partitions
import Testing

@testable import BedrockRelay

@Suite struct KafkaStatisticsTests {
    @Test func `brokers that are up and known lags are taken out`() throws {
        let text = """
            {"brokers": {"a:1/1": {"state": "UP"}, "b:1/2": {"state": "DOWN"}},
             "topics": {"t": {"partitions": {"0": {"consumer_lag": 7, "fetchq_cnt": 3}, "1": {"consumer_lag": -1}, "-1": {"consumer_lag": 9}}}}}
            """
        let statistics = try KafkaStatistics(parsing: Array(text.utf8))
        #expect(statistics.brokersUp == 1)
        #expect(statistics.lag == [TopicPartition(topic: "t", partition: 0): 7])
        #expect(statistics.prefetched == [TopicPartition(topic: "t", partition: 0): 3])
    }

    @Test func `statistics without what we look for say nothing`() throws {
        #expect(try KafkaStatistics(parsing: Array("{}".utf8)) == KafkaStatistics())
    }
}
