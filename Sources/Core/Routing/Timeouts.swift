/// The longest an attempt may take (section 10). The most specific value wins: request, deployment,
/// `router_settings`, `litellm_settings`; for a streamed request its `stream_timeout` at each level first.
struct Timeouts: Sendable {
    private let plain: Duration
    private let stream: Duration

    private static let fallback = Duration.seconds(6000)

    init(settings: RouterSettings) {
        plain = settings.timeout ?? settings.requestTimeout ?? Self.fallback
        stream = settings.streamTimeout ?? plain
    }

    func timeout(of request: RoutingRequest, on deployment: Deployment) -> Duration {
        let own = request.timeout ?? request.requestTimeout
        let deployed = deployment.timeout ?? deployment.requestTimeout
        guard request.isStream else { return own ?? deployed ?? plain }
        return request.streamTimeout ?? own ?? deployment.streamTimeout ?? deployed ?? stream
    }
}
