import Simulator

/// The clients of the floors and of the loads.
extension RawKafka {
    static func producer(_ brokers: String, linger: Double) throws(Unmeasurable) -> RawKafka {
        do throws(LoadError) {
            return try RawKafka(producer: KafkaTuning.producer(brokers, linger: linger))
        } catch {
            throw Unmeasurable("librdkafka: \(error.message)")
        }
    }

    /// Reads every partition of these topics from the beginning.
    static func consumer(_ brokers: String, of topics: [String]) throws(Unmeasurable) -> RawKafka {
        do throws(LoadError) {
            let client = try RawKafka(consumer: KafkaTuning.consumer(brokers))
            let partitions = 0..<Int32(World.partitions)
            try client.assign(topics.flatMap { topic in partitions.map { (topic, $0, 0) } })
            return client
        } catch {
            throw Unmeasurable("librdkafka: \(error.message)")
        }
    }
}
