import Glibc
import Simulator

/// `relay-benchmarks kafka-floor BROKERS LINGER`: what answering a record costs when nothing is done for it.
enum KafkaFloorCommand {
    /// Each request's value and headers go back as its reply, until the process is ended.
    static func run(_ arguments: [String]) throws(Unmeasurable) {
        guard arguments.count == 2, let linger = Double(arguments[1]) else {
            throw Unmeasurable("kafka-floor: expected BROKERS LINGER")
        }
        let brokers = arguments[0]
        let consumer = try RawKafka.consumer(brokers, of: [World.requestTopic])
        let producer = try RawKafka.producer(brokers, linger: linger)
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
