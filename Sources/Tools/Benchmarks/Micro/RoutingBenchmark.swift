import ChatCompletions
import Routing
import Time

/// What deciding costs: from a request's arrival at the router to its end, with the choice between.
struct RoutingBenchmark {
    let stopwatch: Stopwatch

    func rows() -> [Row] { [2, 10, 100].map(row) + [sharedRow(10)] }

    private static func deployments(_ count: Int) -> [Deployment] {
        (0..<count).map { number in
            var deployment = Deployment(
                id: DeploymentID("deployment-\(number)"), group: "claude", model: "bedrock/anthropic.claude-3-haiku",
                modelID: "anthropic.claude-3-haiku", region: "us-east-1", account: "account-\(number)")
            deployment.weight = Double(number % 7 + 1)
            return deployment
        }
    }

    private func row(_ count: Int) -> Row {
        let deployments = Self.deployments(count)
        var router = Router(settings: RouterSettings(), deployments: deployments, chooser: SeededChooser(seed: 1))
        var now = Instant(unixMilliseconds: 1_750_000_000_000)
        let usage = Usage(promptTokens: 200, completionTokens: 80)
        let weights = deployments.compactMap(\.weight)
        var chooser = SeededChooser(seed: 1)
        let figures = stopwatch.compare(
            {
                now = now.advanced(by: .microseconds(100))
                return Self.decide(&router, usage, now: now)
            }, to: { chooser.pick(weights: weights) })
        return Row(
            "routing decision, \(count) deployments", .microseconds, figures.measured, floor: figures.floor,
            is: "weighted draw from an array")
    }

    /// Under limits that three instances share, each telling of its use every 500 decisions: 50 ms at 10,000 a second.
    private func sharedRow(_ count: Int) -> Row {
        var deployments = Self.deployments(count)
        for index in deployments.indices {
            deployments[index].limits = .init(requestsPerMinute: 1 << 40, tokensPerMinute: 1 << 50)
        }
        var settings = RouterSettings()
        settings.strategy = .usageBasedV2
        var router = Router(settings: settings, deployments: deployments, chooser: SeededChooser(seed: 1))
        let own = RouterInstance(name: "own", started: 0)
        let peers = ["first", "second"].map { RouterInstance(name: $0, started: 0) }
        var now = Instant(unixMilliseconds: 1_750_000_000_000)
        let usage = Usage(promptTokens: 200, completionTokens: 80)
        var decisions = 0
        router.setSharing(true, now: now)
        let weights = deployments.compactMap(\.weight)
        var chooser = SeededChooser(seed: 1)
        let figures = stopwatch.compare(
            {
                now = now.advanced(by: .microseconds(100))
                if decisions % 500 == 0 {
                    for report in router.takeReports(now: now) {
                        for instance in [own] + peers {
                            _ = router.adopt(StateMessage(.report(report), from: instance), as: own, now: now)
                        }
                    }
                }
                decisions += 1
                return Self.decide(&router, usage, now: now)
            }, to: { chooser.pick(weights: weights) })
        return Row(
            "the same, \(count) deployments with shared limits", .microseconds, figures.measured, floor: figures.floor,
            is: "weighted draw from an array")
    }

    /// One request that succeeds at the first attempt.
    private static func decide(_ router: inout Router, _ usage: Usage, now: Instant) -> Int {
        var request = RoutingRequest(model: "claude")
        request.inputTokens = 200
        var session = router.begin(request, now: now)
        guard case .call(let attempt) = router.nextStep(of: &session, now: now) else {
            preconditionFailure("a healthy group without limits has a deployment")
        }
        router.finish(
            .success(usage: usage, timeToFirstToken: nil, contentFiltered: false), of: &session, now: now)
        guard case .complete = router.nextStep(of: &session, now: now) else {
            preconditionFailure("a success completes the request")
        }
        return attempt.deploymentIndex
    }
}
