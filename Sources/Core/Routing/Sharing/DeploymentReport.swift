public import Time

/// What one instance tells the others of one deployment. Absolute numbers: the latest report says everything, so a
/// lost one is made up for by the next, and one that comes twice changes nothing.
public struct DeploymentReport: Hashable, Sendable {
    public var deployment: DeploymentID
    /// The UTC minute that requests and tokens were counted in, since the Unix epoch.
    public var minute: Int64
    public var requests = 0
    public var tokens = 0
    public var inputTokens = 0
    public var outputTokens = 0
    /// What calls in flight have reserved.
    public var reservedTokens = 0
    /// When the deployment's cool-down ends; nil: it is not cooling down.
    public var cooldownEnd: Instant?
    /// Seconds per completion token, and to the first token of streamed answers.
    public var perToken: LatencyEstimate?
    public var firstToken: LatencyEstimate?

    public init(deployment: DeploymentID, minute: Int64) {
        self.deployment = deployment
        self.minute = minute
    }

    /// It says no more than its absence would.
    var isEmpty: Bool {
        self == DeploymentReport(deployment: deployment, minute: minute)
    }

    var usage: MinuteUsage {
        MinuteUsage(
            minute: minute, requests: requests, tokens: tokens, inputTokens: inputTokens, outputTokens: outputTokens)
    }
}

/// A latency as strategies compare it, and how many samples stand behind it.
public struct LatencyEstimate: Hashable, Sendable {
    public var seconds: Double
    public var samples: Int

    public init(seconds: Double, samples: Int) {
        self.seconds = seconds
        self.samples = samples
    }

    /// Both together, each by the weight of its samples.
    static func merging(_ left: LatencyEstimate?, _ right: LatencyEstimate?) -> LatencyEstimate? {
        guard let left, let right else { return left ?? right }
        let samples = left.samples + right.samples
        let share = Double(right.samples) / Double(samples)
        return LatencyEstimate(seconds: left.seconds + (right.seconds - left.seconds) * share, samples: samples)
    }
}
