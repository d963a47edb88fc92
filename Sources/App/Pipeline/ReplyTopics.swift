import ChatCompletions

/// Which topics a request may name for its replies.
///
/// The header is remote input: without this list its sender could make us write into any topic that our
/// principal may write to, the request topic (a loop that spends money) included. Kafka conventions, section 5.5.
public struct ReplyTopics: Sendable {
    public let defaultTopic: String
    private let patterns: [TopicPattern]
    /// Our own topics, which no pattern opens.
    private let ownTopics: Set<String>

    public init(defaultTopic: String, allowed: [String], ownTopics: some Sequence<String>) {
        self.defaultTopic = defaultTopic
        patterns = allowed.map(TopicPattern.init)
        self.ownTopics = Set(ownTopics).subtracting([defaultTopic])
    }

    public func allows(_ topic: String) -> Bool {
        if topic == defaultTopic { return true }
        guard Self.isLegal(topic), !topic.hasPrefix("__"), !ownTopics.contains(topic) else { return false }
        return patterns.contains { $0.matches(topic) }
    }

    /// Kafka's rule for topic names: 1 to 249 of `[a-zA-Z0-9._-]`, and neither `.` nor `..`.
    private static func isLegal(_ topic: String) -> Bool {
        (1...249).contains(topic.utf8.count) && topic != "." && topic != ".."
            && topic.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// A glob over topic names: `*` stands for any run of characters, `?` for one.
struct TopicPattern: Sendable {
    private let pattern: [UInt8]

    init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

    /// Backtracks only to the latest `*`, so the time is bounded by pattern times name, whatever the pattern.
    func matches(_ topic: String) -> Bool {
        let name = Array(topic.utf8)
        var (position, index) = (0, 0)
        var retry: (position: Int, index: Int)?
        while index < name.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                retry = (position + 1, index)
                position += 1
            } else if position < pattern.count,
                pattern[position] == UInt8(ascii: "?") || pattern[position] == name[index]
            {
                position += 1
                index += 1
            } else if let (afterStar, matched) = retry {
                retry = (afterStar, matched + 1)
                (position, index) = (afterStar, matched + 1)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
