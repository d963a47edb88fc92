import Simulator

/// One line of standard input.
enum Command {
    case createTopic(String, partitions: Int)
    case setDown(broker: Int)
    case setUp(broker: Int)
    case setRoundTrip(broker: Int, milliseconds: Int)
    case setLeader(topic: String, partition: Int, broker: Int)
    case setCoordinator(group: String, broker: Int)
    case pushErrors(KafkaMockCluster.RequestKind, [Int32])
    case clearErrors(KafkaMockCluster.RequestKind)

    static let help = """
        topic NAME PARTITIONS            create a topic
        down BROKER, up BROKER           close a broker's connections and refuse new ones; let it answer again
        rtt BROKER MILLISECONDS          delay its answers
        leader TOPIC PARTITION BROKER    move a partition
        coordinator GROUP BROKER         move a consumer group
        errors REQUEST CODE ...          answer the next requests of that kind so, one each (-195: hang up)
        clear REQUEST                    take back what is left of these
        Each is answered by "ok" or "error: ...". REQUEST is one of \(requests.keys.sorted().joined(separator: ", ")).
        """

    private static let requests: [String: KafkaMockCluster.RequestKind] = [
        "produce": .produce, "fetch": .fetch, "list-offsets": .listOffsets, "metadata": .metadata,
        "commit": .offsetCommit, "committed": .offsetFetch, "find-coordinator": .findCoordinator, "join": .joinGroup,
        "heartbeat": .heartbeat, "leave": .leaveGroup, "sync": .syncGroup, "init-producer-id": .initProducerID,
        "add-partitions": .addPartitionsToTransaction, "add-offsets": .addOffsetsToTransaction,
        "end-transaction": .endTransaction, "transaction-commit": .transactionOffsetCommit,
    ]

    init(_ line: String) throws(CommandError) {
        let words = line.split(separator: " ").map(String.init)
        func word(_ index: Int) throws(CommandError) -> String {
            guard index < words.count else { throw CommandError(message: "\"\(line)\" is too short") }
            return words[index]
        }
        func number(_ index: Int) throws(CommandError) -> Int {
            guard let number = Int(try word(index)) else {
                throw CommandError(message: "\"\(words[index])\" is not a number")
            }
            return number
        }
        func request(_ index: Int) throws(CommandError) -> KafkaMockCluster.RequestKind {
            guard let request = Self.requests[try word(index)] else {
                throw CommandError(message: "\"\(words[index])\" is not a kind of request")
            }
            return request
        }
        switch try word(0) {
        case "topic": self = .createTopic(try word(1), partitions: try number(2))
        case "down": self = .setDown(broker: try number(1))
        case "up": self = .setUp(broker: try number(1))
        case "rtt": self = .setRoundTrip(broker: try number(1), milliseconds: try number(2))
        case "leader": self = .setLeader(topic: try word(1), partition: try number(2), broker: try number(3))
        case "coordinator": self = .setCoordinator(group: try word(1), broker: try number(2))
        case "errors":
            let codes = words.dropFirst(2).compactMap { Int32($0) }
            guard !codes.isEmpty, codes.count == words.count - 2 else {
                throw CommandError(message: "\"\(line)\": error codes are expected")
            }
            self = .pushErrors(try request(1), codes)
        case "clear": self = .clearErrors(try request(1))
        default: throw CommandError(message: "\"\(words[0])\" is not a command")
        }
    }

    func run(on cluster: KafkaMockCluster) throws(CommandError) {
        do throws(KafkaMockClusterError) {
            switch self {
            case .createTopic(let name, let partitions): try cluster.createTopic(name, partitions: partitions)
            case .setDown(let broker): try cluster.setBrokerDown(broker)
            case .setUp(let broker): try cluster.setBrokerUp(broker)
            case .setRoundTrip(let broker, let milliseconds):
                try cluster.setRoundTripTime(.milliseconds(milliseconds), ofBroker: broker)
            case .setLeader(let topic, let partition, let broker):
                try cluster.setLeader(broker, ofPartition: partition, of: topic)
            case .setCoordinator(let group, let broker): try cluster.setCoordinator(broker, ofGroup: group)
            case .pushErrors(let request, let codes):
                cluster.pushRequestErrors(codes.map { .init(rawValue: $0) }, for: request)
            case .clearErrors(let request): cluster.clearRequestErrors(for: request)
            }
        } catch {
            throw CommandError(message: error.message)
        }
    }
}

/// A line that cannot be carried out, and why.
struct CommandError: Error {
    var message: String
}
