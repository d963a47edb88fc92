import JSON
import Partitions

/// What librdkafka's statistics say about the brokers and our partitions (`statistics.interval.ms`).
struct KafkaStatistics: Sendable, Equatable {
    var brokersUp = 0
    /// Records between the committed position and the end, by the broker's view; partitions without a known lag are absent.
    var lag: [TopicPartition: Int64] = [:]

    /// Records fetched and not yet taken.
    var prefetched: [TopicPartition: Int] = [:]

    init() {}

    init(parsing bytes: [UInt8]) throws(JSONError) {
        let root = try JSONDocument(parsing: bytes).root
        for broker in root.members("brokers") where broker.value["state"]?.isString("UP") == true {
            // Logical brokers (the group coordinator) and bootstrap addresses have negative ids; up is up.
            brokersUp += 1
        }
        for topic in root.members("topics") {
            guard let name = topic.key.string else { continue }
            for partition in topic.value.members("partitions") {
                guard let number = partition.key.string.flatMap({ Int32($0) }), number >= 0 else { continue }
                let place = TopicPartition(topic: name, partition: number)
                prefetched[place] = partition.value["fetchq_cnt"]?.integer
                if let lag = partition.value["consumer_lag"]?.integer, lag >= 0 { self.lag[place] = Int64(lag) }
            }
        }
    }
}

extension JSONValue {
    /// The members of the object at `key`; none when it is not there.
    fileprivate func members(_ key: String) -> [Members.Member] { self[key].map { Array($0.members) } ?? [] }
}
