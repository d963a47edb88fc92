import CRdKafka
import Glibc

/// `relay-benchmarks kafka-floor BROKERS`: what answering a record costs when nothing is done for it.
enum KafkaFloorCommand {
    /// Each request's value and headers go back as its reply, until the process is ended.
    static func run(_ arguments: [String]) throws(Unmeasurable) {
        guard let brokers = arguments.first else { throw Unmeasurable("kafka-floor: expected BROKERS") }
        let consumer = try RawKafka.consumer(brokers, of: [World.requestTopic])
        let producer = try RawKafka.producer(brokers)
        StandardStream.write("ready\n", to: STDOUT_FILENO)
        while true {
            _ = consumer.consume(waiting: 100) { record in
                guard let headers = record.copiedHeaders() else { return }
                while !producer.produce(record.value, to: World.replyTopic, headers: headers) {
                    producer.serve(waiting: 10)
                }
            }
            producer.serve()
        }
    }
}
