public import ChatCompletions
public import Time

/// The requests that failed last, for people who look. Bounded in number and size, and repeats are one entry with a
/// count: a failure that hits every request does not push the others out.
public struct RecentFailures: Sendable {
    public struct Entry: Sendable {
        /// Of the last one.
        public var time: Instant
        public var count = 1
        public let status: Int
        public let type: RequestFailure.ErrorType
        public let message: String
        /// Nil when the request names none.
        public let modelGroup: String?
        /// Whether the request was refused, rather than tried in vain.
        public let isInvalid: Bool
        /// The last one's record, as `<topic>/<partition>/<offset>`.
        public var source: String
        /// The models that were tried, with their status.
        public var attempts: [Attempt]
    }

    public struct Attempt: Hashable, Sendable {
        public let model: String
        public let status: Int
    }

    /// The latest first.
    public private(set) var entries: [Entry] = []

    static let capacity = 20
    private static let longestMessage = 400
    fileprivate static let mostAttempts = 8

    mutating func record(_ entry: Entry) {
        var entry = entry
        if let index = entries.firstIndex(where: { $0.isRepeated(by: entry) }) {
            entry.count += entries.remove(at: index).count
        } else if entries.count == Self.capacity {
            entries.removeLast()
        }
        entries.insert(entry, at: 0)
    }

    fileprivate static func bounded(_ text: String) -> String {
        text.utf8.count <= longestMessage ? text : String(text.prefix(longestMessage)) + "…"
    }
}

extension RecentFailures.Entry {
    init(
        _ failure: RequestFailure, isInvalid: Bool, modelGroup: String?, source: String,
        attempts: [RecentFailures.Attempt], time: Instant
    ) {
        self.init(
            time: time, status: failure.status, type: failure.type, message: RecentFailures.bounded(failure.message),
            modelGroup: modelGroup.map(RecentFailures.bounded), isInvalid: isInvalid, source: source,
            attempts: attempts.suffix(RecentFailures.mostAttempts))
    }

    fileprivate func isRepeated(by other: Self) -> Bool {
        status == other.status && message == other.message && modelGroup == other.modelGroup
    }
}
