import Partitions
import Time

/// What is known of topics' partition counts, for so long and for so many: topic names come from requests.
struct TopicDirectory: Sendable {
    static let capacity = 1024
    /// How long a count is used before it is asked for again, in the background.
    static let lifetime: Duration = .seconds(300)
    /// How long a topic counts as missing, or a partition as out of range, before it is asked for again.
    static let doubtAfter: Duration = .seconds(5)

    private struct Entry: Sendable {
        /// 0: there is no such topic.
        var count: Int32
        var since: Instant
    }

    private var entries: [String: Entry] = [:]
    private var order = Queue<String>()

    init() {}

    enum Answer: Equatable, Sendable {
        case known(Int32)
        /// Known, and old enough to be asked for again meanwhile.
        case aging(Int32)
        case missing
        case unknown
    }

    /// `partition`: one that the topic should have.
    func look(up topic: String, partition: Int32? = nil, now: Instant) -> Answer {
        guard let entry = entries[topic] else { return .unknown }
        let age = now.since(entry.since)
        let fits = entry.count > 0 && partition.map { $0 < entry.count } ?? true
        if !fits, age > Self.doubtAfter { return .unknown }
        guard entry.count > 0 else { return .missing }
        return age > Self.lifetime ? .aging(entry.count) : .known(entry.count)
    }

    mutating func store(_ count: Int32, for topic: String, now: Instant) {
        if entries.updateValue(Entry(count: count, since: now), forKey: topic) == nil {
            order.append(topic)
            if order.count > Self.capacity, let oldest = order.popFirst() { entries[oldest] = nil }
        }
    }

    /// Kafka's rule for names. Others never reach librdkafka, which would wait for their metadata.
    static func isLegalName(_ topic: String) -> Bool {
        let bytes = topic.utf8
        return (1...249).contains(bytes.count) && topic != "." && topic != ".."
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
