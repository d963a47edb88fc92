import Configuration
import Routing
import Time

/// The router, a virtual clock and a scripted provider: what one run of a scenario happens in.
///
/// A value: a run can go back to an earlier moment by keeping a copy.
struct ReplayWorld: Sendable {
    let scenario: Scenario
    let deployments: [Deployment]
    let settings: RouterSettings
    let chooser: ForcedChooser
    var router: Router
    var model: DeviationModel
    var now: Instant
    /// Requests whose answer is held back until their `finish`.
    var started: [String: LiveRequest] = [:]

    init(scenario: Scenario) throws {
        self.scenario = scenario
        guard case .object(var config) = scenario.config else { throw ScenarioError(message: "config is not a map") }
        config["relay"] = .object(["on_capacity_exhausted": .string("reject")])
        config["model_list"] = config["model_list"]?.withProviders
        let source = ConfigurationSource(name: "\(scenario.name).json", text: try JSONNode.object(config).json())
        let configuration = try ServiceConfiguration.load(sources: [source], environment: [:])
        deployments = configuration.deployments
        settings = configuration.router
        chooser = ForcedChooser()
        router = Router(settings: settings, deployments: deployments, chooser: chooser)
        model = DeviationModel(settings: settings, deployments: deployments)
        now = scenario.start
    }

    /// Deployments whose model no provider has, like `bedrock/invalid`: calls fail before anything is sent.
    var unsendable: Set<Int> {
        Set(deployments.indices.filter { !Self.isSendable(deployments[$0].model) })
    }

    private static func isSendable(_ model: String) -> Bool { model.contains { ".:*".contains($0) } }

    func position(of id: String) -> Int? { deployments.firstIndex { $0.id.rawValue == id } }

    func request(of event: ScenarioEvent) -> RoutingRequest {
        RoutingRequest(body: event.body, tokens: max(scenario.tokenEstimates[event.id] ?? 8, 0))
    }

    mutating func begin(_ event: ScenarioEvent) -> LiveRequest {
        LiveRequest(event: event, session: router.begin(request(of: event), now: now), start: now)
    }

    /// Goes on until the request has ended, or until it waits for the answer to its first call.
    mutating func run(_ live: inout LiveRequest, holdsFirstAnswer: Bool = false) {
        while live.result == nil {
            switch router.nextStep(of: &live.session, now: now) {
            case .call(let attempt):
                call(attempt, &live)
                if holdsFirstAnswer { return }
                now = now.advanced(by: .seconds(duration(of: live)))
                answer(&live)
            case .sleep(let duration):
                live.sleeps.append((duration.inSeconds, live.calls.count))
                now = now.advanced(by: duration)
            case .hold:
                live.result = .failed(.refused(.heldUnexpectedly))
            case .complete:
                let last = live.calls.last
                live.result = .answered(
                    deployment: last?.id ?? "", group: last?.group ?? "", retries: live.session.attemptedRetries,
                    fallbacks: live.session.attemptedFallbacks)
            case .fail(let failure): live.result = .failed(failure)
            }
        }
    }

    private mutating func call(_ attempt: Attempt, _ live: inout LiveRequest) {
        let id = attempt.deployment.rawValue
        let answer = Self.isSendable(attempt.model) ? live.nextAnswer(of: id) : .unknownModel
        live.pending = (attempt, answer)
        live.calls.append(
            LiveRequest.Call(
                deployment: attempt.deploymentIndex, id: id, group: attempt.group,
                status: answer.isLocal ? nil : answer.status, hop: attempt.fallback, start: now,
                desired: desired(for: attempt, live), retryAfter: answer.retryAfter))
        model.called(attempt.deploymentIndex, now: now)
    }

    /// The deployments of the attempt's group that are fit and that the strategy should prefer.
    private func desired(for attempt: Attempt, _ live: LiveRequest) -> Set<Int> {
        let fit = deployments.indices.filter { deployments[$0].group == attempt.modelGroup && isFit($0) }
        return preferred(fit, of: attempt.modelGroup, isStream: live.event.body["stream"]?.isTrue ?? false)
    }

    func preferred(_ fit: [Int], of group: String, isStream: Bool) -> Set<Int> {
        switch strategy(of: group) {
        case .latencyBased: model.latencyFinalists(fit, isStream: isStream, now: now)
        case .leastBusy: model.leastBusy(fit)
        case .costBased: Set([model.cheapest(fit)].compactMap { $0 })
        case .simpleShuffle, .usageBased, .usageBasedV2, .providerBudget, .roundRobin: Set(fit)
        }
    }

    /// The pending call lasts as long as scripted, or as its timeout lets it.
    private func duration(of live: LiveRequest) -> Double {
        guard let pending = live.pending else { return 0 }
        return min(pending.answer.latency, pending.attempt.timeout.inSeconds)
    }

    /// The pending call ends now.
    mutating func answer(_ live: inout LiveRequest) {
        guard let (attempt, answer) = live.pending else { return }
        live.pending = nil
        let isStream = live.event.body["stream"]?.isTrue ?? false
        let isLate = answer.latency > attempt.timeout.inSeconds
        let outcome = isLate ? .failure(AttemptFailure(.timeout, status: 408)) : answer.outcome(isStream: isStream)
        live.calls[live.calls.count - 1].isTimedOut = isLate
        router.finish(outcome, of: &live.session, now: now)
        model.finished(
            outcome, of: attempt.deploymentIndex, begun: live.calls[live.calls.count - 1].start,
            cooldown: live.session.latestCooldown, now: now)
        guard !isLate, answer.breaksStream(isStream), case .failure(let failure) = outcome else { return }
        if answer.streamBreak == "before_content" {
            live.calls[live.calls.count - 1].isBrokenStream = true
        } else {
            live.result = .broken(failure)
        }
    }
}

extension RouteFailure.Refusal {
    fileprivate static let heldUnexpectedly = Self(
        reason: .rateLimit, failureClass: .rateLimit, status: 429, message: "held although set to reject")
}

extension JSONNode {
    /// LiteLLM knows from its price map whose a bare model name is; all recordings are of Bedrock.
    fileprivate var withProviders: JSONNode {
        guard let entries = array else { return self }
        return .array(
            entries.map { entry in
                guard case .object(var members) = entry, case .object(var parameters)? = members["litellm_params"],
                    parameters["model"]?.text?.contains("/") == false
                else { return entry }
                parameters["custom_llm_provider"] = .string("bedrock")
                members["litellm_params"] = .object(parameters)
                return .object(members)
            })
    }
}
