extension GaugeSnapshot {
    /// What the HTTP client has counted.
    public struct Upstream: Sendable {
        /// Open now.
        public var connections = 0
        public var connectionsOpened = 0
        public var connectionsReused = 0
        public var http1Responses = 0
        public var http2Responses = 0
        public var resendsSent = 0
        public var resendsPrevented = 0
        /// Exchanges that failed, by kind.
        public var errors: [(kind: String, count: Int)] = []

        public init() {}

        func families() -> [MetricFamily] {
            [
                MetricFamily(.connections, points: [.init(.integer(connections))]),
                MetricFamily(.connectionsOpened, points: [.init(.integer(connectionsOpened))]),
                MetricFamily(.connectionsReused, points: [.init(.integer(connectionsReused))]),
                MetricFamily(
                    .upstreamResponses,
                    points: [
                        .init(labels: ["1.1"], .integer(http1Responses)),
                        .init(labels: ["2"], .integer(http2Responses)),
                    ]),
                MetricFamily(
                    .upstreamErrors, points: errors.map { .init(labels: [$0.kind], .integer($0.count)) }),
                MetricFamily(
                    .upstreamResends,
                    points: [
                        .init(labels: ["sent"], .integer(resendsSent)),
                        .init(labels: ["prevented"], .integer(resendsPrevented)),
                    ]),
            ]
        }
    }
}
