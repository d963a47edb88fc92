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

/// A glob over topic names: `*` stands for any run of characters, `?` for one, `[a-z_]` for one of these, `[!a-z_]` for
/// any other.
struct TopicPattern: Sendable {
    private enum Element: Hashable, Sendable {
        case run, any
        case byte(UInt8)
        case oneOf(Set<UInt8>)

        func takes(_ byte: UInt8) -> Bool {
            switch self {
            case .run: false
            case .any: true
            case .byte(let own): byte == own
            case .oneOf(let set): set.contains(byte)
            }
        }
    }

    private let elements: [Element]

    /// A `[` that nothing closes stands for itself, which no topic's name has.
    init(_ pattern: String) {
        var elements: [Element] = []
        var rest = Array(pattern.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): elements.append(.run)
            case UInt8(ascii: "?"): elements.append(.any)
            case UInt8(ascii: "["):
                // The first may be `]` itself, as in shells.
                let end = rest.dropFirst(rest.first == UInt8(ascii: "!") ? 2 : 1).firstIndex(of: UInt8(ascii: "]"))
                guard let end else { fallthrough }
                elements.append(.oneOf(Self.members(rest[..<end])))
                rest = rest[(end + 1)...]
            default: elements.append(.byte(byte))
            }
        }
        self.elements = elements
    }

    /// What stands between brackets: single bytes, ranges, and a `!` in front that means all others.
    private static func members(_ text: ArraySlice<UInt8>) -> Set<UInt8> {
        let isNegated = text.first == UInt8(ascii: "!")
        var members: Set<UInt8> = []
        var rest = isNegated ? text.dropFirst() : text
        while let first = rest.popFirst() {
            if rest.count >= 2, rest.first == UInt8(ascii: "-") {
                let last = rest[rest.startIndex + 1]
                if first <= last { members.formUnion(first...last) }
                rest = rest.dropFirst(2)
            } else {
                members.insert(first)
            }
        }
        return isNegated ? Set(UInt8.min...UInt8.max).subtracting(members) : members
    }

    /// Backtracks only to the latest `*`, so the time is bounded by pattern times name, whatever the pattern.
    func matches(_ topic: String) -> Bool {
        let name = Array(topic.utf8)
        var (position, index) = (0, 0)
        var retry: (position: Int, index: Int)?
        while index < name.count {
            if position < elements.count, elements[position] == .run {
                retry = (position + 1, index)
                position += 1
            } else if position < elements.count, elements[position].takes(name[index]) {
                position += 1
                index += 1
            } else if let (afterStar, matched) = retry {
                retry = (afterStar, matched + 1)
                (position, index) = (afterStar, matched + 1)
            } else {
                return false
            }
        }
        return elements[position...].allSatisfy { $0 == .run }
    }
}
