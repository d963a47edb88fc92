/// The sample routes that the demo shows, in its order.
enum DemoRoute: String, CaseIterable {
    case loadBalancing = "load-balancing"
    case fallbacks
    case rateLimitAware = "rate-limit-aware"
    case latencyBased = "latency-based"

    var title: String {
        switch self {
        case .loadBalancing: "Load balancing"
        case .fallbacks: "Fallbacks"
        case .rateLimitAware: "Rate-limit-aware routing"
        case .latencyBased: "Latency-based routing"
        }
    }

    var promise: String {
        switch self {
        case .loadBalancing: "One group, two deployments: requests spread over both."
        case .fallbacks:
            "The first model does not work: the fallback answers, and the broken one is left alone for a while."
        case .rateLimitAware:
            "10 requests a minute are allowed: the 11th and 12th are refused at once (sent with num_retries: 0)."
        case .latencyBased: "One model is five times faster: after trying both, requests go to the fast one."
        }
    }

    /// Topics of its own, so that the four routes run side by side.
    var requestTopic: String { "demo.\(rawValue).requests" }
    var replyTopic: String { "demo.\(rawValue).replies" }
    var metricsTopic: String { "demo.\(rawValue).metrics" }
    var deadLetterTopic: String { "demo.\(rawValue).dlq" }
}
