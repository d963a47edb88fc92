/// What became of a load generator's requests.
public struct LoadResult: Sendable {
    /// Handed to librdkafka.
    public let sent: Int
    /// Requests with a reply.
    public let replied: Int
    /// Replies beyond a request's first.
    public let duplicates: Int
    /// Requests that the broker did not take.
    public let undelivered: Int
    /// Replies by `x-relay-status`; `none` without that header.
    public let statuses: [String: Int]
    /// From the first request to the last reply.
    public let elapsed: Duration
    /// From handing over a request to receiving its reply; ascending.
    public let latencies: [Duration]

    public var repliesPerSecond: Double {
        elapsed > .zero ? Double(replied) / (elapsed / .seconds(1)) : 0
    }

    /// The latency that `share` of the requests (0.5, 0.99) did not exceed; nil without replies.
    public func latency(atShare share: Double) -> Duration? {
        guard !latencies.isEmpty else { return nil }
        let rank = Int((share * Double(latencies.count)).rounded(.up)) - 1
        return latencies[min(max(rank, 0), latencies.count - 1)]
    }
}
