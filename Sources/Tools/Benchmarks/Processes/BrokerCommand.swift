import Glibc
import Simulator

/// `relay-benchmarks broker TOPIC:PARTITIONS ...`: librdkafka's mock broker as a process of its own.
enum BrokerCommand {
    /// Prints where it listens, and ends at the end of its input.
    static func run(_ arguments: [String]) throws {
        let cluster = try KafkaMockCluster()
        for argument in arguments {
            let parts = argument.split(separator: ":")
            guard parts.count == 2, let partitions = Int(parts[1]) else {
                throw Unmeasurable("broker: expected TOPIC:PARTITIONS, found \(argument)")
            }
            try cluster.createTopic(String(parts[0]), partitions: partitions)
        }
        StandardStream.write("\(cluster.bootstrapServers)\n", to: STDOUT_FILENO)
        untilInputEnds()
        withExtendedLifetime(cluster) {}
    }

    static func untilInputEnds() {
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) > 0 {}
    }
}
