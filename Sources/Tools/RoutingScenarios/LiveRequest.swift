import Routing
import Time

/// One request on its way through the router, and everything that happened to it.
struct LiveRequest: Sendable {
    struct Call: Sendable {
        var deployment: Int
        var id: String
        var group: String
        /// The status that the provider's stub saw; nil: nothing was sent to it.
        var status: Int?
        var hop: Int
        /// The model would have broken its stream before any content.
        var isBrokenStream = false
        var isTimedOut = false
        var start: Instant
        /// What the independent model would have called instead, this deployment included if it is right.
        var desired: Set<Int> = []
        var retryAfter: Double?
    }

    enum Result: Sendable {
        case answered(deployment: String, group: String, retries: Int, fallbacks: Int)
        case failed(RouteFailure)
        /// A failure after content had been sent: nobody may retry it.
        case broken(AttemptFailure)
    }

    var event: ScenarioEvent
    var session: RouteSession
    var start: Instant
    var calls: [Call] = []
    /// Pauses in seconds, and how many calls came before each.
    var sleeps: [(seconds: Double, after: Int)] = []
    var pending: (attempt: Attempt, answer: ScriptedAnswer)?
    var result: Result?
    var answersUsed: [String: Int] = [:]

    /// The script's next answer for `deployment`; each list's last answer repeats.
    mutating func nextAnswer(of deployment: String) -> ScriptedAnswer {
        guard let key = event.provider[deployment] != nil ? deployment : event.provider["*"] != nil ? "*" : nil,
            let script = event.provider[key], !script.isEmpty
        else { return ScriptedAnswer() }
        let used = answersUsed[key, default: 0]
        answersUsed[key] = used + 1
        return ScriptedAnswer(script[min(used, script.count - 1)])
    }
}
