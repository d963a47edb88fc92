/// What a decision reads of a deployment: plain numbers, worked out once, side by side in memory.
struct DeploymentProfile: Sendable {
    var isBlocked: Bool
    /// simple-shuffle's metrics, strongest first; zero where absent. Limits written beside `litellm_params` count as
    /// well: the recording `shuffle-toplevel-limits-ignored` shows a 9:1 draw by them, whatever its name says.
    var weight: Double
    var requestsWeight: Double
    var tokensWeight: Double
    /// Limits; `.max` where absent.
    var requestLimit: Int
    var tokenLimit: Int
    var inputTokenLimit: Int
    var outputTokenLimit: Int
    var slots: Int
    var maxInputTokens: Int
    var refusesResponseSchema: Bool
    /// What a call reserves on top of its input estimate, when the request names no `max_tokens`; nil: nothing.
    var outputReservation: Int?
    /// Input plus output price per token.
    var cost: Double
    /// Where its provider's budget is kept.
    var budget: Int?
    /// How many deployments share its `model_name`.
    var groupSize: Int
    /// How many latency samples are kept of it.
    var latencySamples: Int

    init(_ deployment: Deployment, groupSize: Int, latencySamples: Int, defaultSlots: Int?, budget: Int?) {
        isBlocked = deployment.isBlocked
        weight = deployment.weight ?? 0
        let limits = deployment.limits
        requestsWeight = Double(deployment.parameters.requestsPerMinute ?? limits.requestsPerMinute ?? 0)
        tokensWeight = Double(deployment.parameters.tokensPerMinute ?? limits.tokensPerMinute ?? 0)
        requestLimit = deployment.limits.requestsPerMinute ?? .max
        tokenLimit = deployment.limits.tokensPerMinute ?? .max
        inputTokenLimit = deployment.inputTokensPerMinute ?? .max
        outputTokenLimit = deployment.outputTokensPerMinute ?? .max
        slots = Self.slots(of: deployment) ?? defaultSlots ?? .max
        maxInputTokens = deployment.maxInputTokens ?? .max
        refusesResponseSchema = deployment.supportsResponseSchema == false
        outputReservation =
            deployment.reservesOutputTokens ? deployment.defaultOutputTokens ?? deployment.maxOutputTokens ?? 0 : nil
        cost = deployment.prices.map { $0.input + $0.output } ?? Self.unknownCost
        self.budget = budget
        self.latencySamples = latencySamples
        self.groupSize = groupSize
    }

    /// LiteLLM's price for a model it does not know: 5 dollars a token each way, so it is chosen last.
    private static let unknownCost = 10.0

    /// LiteLLM's order: its own setting, else its rpm, else six a minute for every thousand tokens.
    private static func slots(of deployment: Deployment) -> Int? {
        if let slots = deployment.maxParallelRequests { return slots }
        if let requests = deployment.parameters.requestsPerMinute { return requests }
        return deployment.parameters.tokensPerMinute.map { max(1, $0 / 1000 * 6 + $0 % 1000 * 6 / 1000) }
    }

    var limitsTokens: Bool { tokenLimit != .max || inputTokenLimit != .max }

    /// What a call for `request` reserves against the token limits.
    func reservation(for request: RoutingRequest) -> Int {
        guard let outputReservation else { return request.messageTokens }
        let output = request.maxOutputTokens ?? outputReservation
        return min(request.messageTokens.addingClamped(output), Self.largestReservation)
    }

    /// Requests name numbers of any size. No limit is beyond this one, and sums over all calls in flight fit an Int.
    private static let largestReservation = 1 << 40
}
