import ChatCompletions
import Routing
import TestSupport
import Time

/// Picks what a test says, by deployment id; otherwise the first candidate.
final class ScriptedChooser: Chooser, @unchecked Sendable {
    // One test uses it on one thread: no lock.
    var wanted: [Int] = []
    var candidates: [Int] = []
    var weights: [Double] = []
    var jitter = Duration.zero

    func willPick(among candidates: [Int]) {
        self.candidates = candidates
        weights = []
    }

    func pick(weights: [Double]) -> Int {
        self.weights = weights
        return next(weights.firstIndex { $0 > 0 } ?? 0)
    }

    func pick(count: Int) -> Int { next(0) }
    func jitter(below bound: Duration) -> Duration { jitter }

    private func next(_ first: Int) -> Int {
        guard let position = wanted.first, let index = candidates.firstIndex(of: position) else { return first }
        wanted.removeFirst()
        return index
    }
}

/// A router under test with its clock: what requests did, told in short.
struct Bench {
    var router: Router
    let chooser: ScriptedChooser
    var now = Instant(unixMilliseconds: 1_767_607_200_000)  // a full UTC minute
    let deployments: [Deployment]

    init(_ deployments: [Deployment], _ configure: (inout RouterSettings) -> Void = { _ in }) {
        var settings = RouterSettings()
        settings.onCapacityExhausted = .reject
        configure(&settings)
        chooser = ScriptedChooser()
        self.deployments = deployments
        router = Router(settings: settings, deployments: deployments, chooser: chooser)
    }

    /// What became of one request.
    struct Story: Equatable {
        var calls: [String] = []
        var sleeps: [Duration] = []
        var end = ""
        var retries = 0
        var fallbacks = 0
    }

    mutating func advance(_ seconds: Double) { now = now.advanced(by: .seconds(seconds)) }

    /// Makes `deployments` the next picks, where they are candidates.
    func want(_ ids: String...) {
        chooser.wanted = ids.compactMap { id in deployments.firstIndex { $0.id.rawValue == id } }
    }

    /// Runs `request` to its end; `answers` says how calls to a deployment end, in order, the last one repeated.
    mutating func serve(
        _ request: RoutingRequest, _ answers: [String: [AttemptOutcome]] = [:], latency: Double = 0.1
    ) -> Story {
        var session = router.begin(request, now: now)
        var used: [String: Int] = [:]
        var story = Story()
        while true {
            switch router.nextStep(of: &session, now: now) {
            case .call(let attempt):
                let id = attempt.deployment.rawValue
                story.calls.append(id)
                advance(latency)
                let script = answers[id] ?? answers["*"] ?? [.ok]
                router.finish(script[min(used[id, default: 0], script.count - 1)], of: &session, now: now)
                used[id, default: 0] += 1
                continue
            case .sleep(let duration):
                story.sleeps.append(duration)
                now = now.advanced(by: duration)
                continue
            case .hold(let until, let places):
                let groups = places.map(\.group).joined(separator: ",")
                story.end = "hold \(until.map { "\($0.since(now).inSeconds)" } ?? "-") \(groups)"
            case .complete: story.end = "ok"
            case .fail(.attempt(let number, let failure)): story.end = "\(failure.status) of \(number)"
            case .fail(.refused(let refusal)):
                let after = refusal.retryAfter.map { " after \(Int($0.inSeconds))" } ?? ""
                story.end = "\(refusal.status) \(refusal.reason.rawValue)\(after)"
            }
            story.retries = session.attemptedRetries
            story.fallbacks = session.attemptedFallbacks
            return story
        }
    }

    mutating func serve(_ model: String, _ answers: [String: [AttemptOutcome]] = [:], latency: Double = 0.1) -> Story {
        serve(RoutingRequest(model: model), answers, latency: latency)
    }

    /// Begins a request and returns it at its first step.
    mutating func start(_ request: RoutingRequest) -> (session: RouteSession, step: RouteStep) {
        var session = router.begin(request, now: now)
        let step = router.nextStep(of: &session, now: now)
        return (session, step)
    }

    mutating func start(_ model: String) -> (session: RouteSession, step: RouteStep) {
        start(RoutingRequest(model: model))
    }

    /// Which deployments a request may go to, with their shares.
    func shares(_ request: RoutingRequest) -> [String: Double] {
        guard let drawn = try? router.preview(request, now: now) else { return [:] }
        return Dictionary(uniqueKeysWithValues: drawn.map { (deployments[$0.deployment].id.rawValue, $0.probability) })
    }

    func shares(_ model: String) -> [String: Double] { shares(RoutingRequest(model: model)) }

    func cooldown(of id: String) -> Double? {
        router.status(now: now).first { $0.deployment.id.rawValue == id }?.cooldownRemaining?.inSeconds
    }
}

extension RouteStep {
    /// The id called, or what else is to be done.
    var name: String {
        switch self {
        case .call(let attempt): attempt.deployment.rawValue
        case .sleep: "sleep"
        case .hold: "hold"
        case .complete: "complete"
        case .fail: "fail"
        }
    }
}

extension AttemptOutcome {
    static let ok = tokens(20)
    static func tokens(_ total: Int, filtered: Bool = false) -> Self {
        .success(
            usage: Usage(promptTokens: total / 2, completionTokens: total - total / 2), timeToFirstToken: nil,
            contentFiltered: filtered)
    }
    static func fails(_ status: Int, retryAfter: Double? = nil) -> Self {
        let failureClass: FailureClass =
            switch status {
            case 401: .authentication
            case 402: .paymentRequired
            case 403: .permissionDenied
            case 404: .notFound
            case 408: .timeout
            case 429: .rateLimit
            case 400..<500: .badRequest
            default: .serviceUnavailable
            }
        return .failure(
            AttemptFailure(failureClass, status: status, retryAfter: retryAfter.map { .seconds($0) }))
    }
    static let tooLong = Self.failure(AttemptFailure(.contextWindowExceeded, status: 400))
}

/// A deployment of `group`, ready to be adjusted.
func deployment(_ id: String, _ group: String = "g", _ adjust: (inout Deployment) -> Void = { _ in }) -> Deployment {
    var deployment = Deployment(
        id: DeploymentID(id), group: group, model: "bedrock/vendor.\(id)", modelID: "vendor.\(id)", region: "us-east-1")
    adjust(&deployment)
    return deployment
}

func lists(_ pairs: KeyValuePairs<String, [String]>) -> [RouterSettings.FallbackList] {
    pairs.map { RouterSettings.FallbackList(group: $0.key, targets: $0.value) }
}
