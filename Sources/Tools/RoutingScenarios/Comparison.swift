import Routing

/// Compares one request of ours with its record and says what is different.
struct Comparison {
    let world: ReplayWorld
    let live: LiveRequest
    var expectation: Expectation

    init(world: ReplayWorld, live: LiveRequest, record: JSONNode) {
        self.world = world
        self.live = live
        expectation = Expectation(record: record)
        expectation.applyRequestCap(world.settings)
        expectation.applyMaxFallbacks(live.event.body["max_fallbacks"]?.int ?? world.settings.maxFallbacks) { id in
            world.position(of: id).map { world.deployments[$0].group }
        }
    }

    /// Nil: as recorded, or as the rules of section 13 have it.
    var difference: String? {
        if let pick = world.chooser.result.refusedPick {
            let offered = pick.offered.map { world.deployments[$0].id.rawValue }
            return "pick \(world.deployments[pick.wanted].id.rawValue) is not among the candidates \(offered)"
        }
        return attemptsDifference ?? sleepsDifference ?? resultDifference
    }

    var attemptsDifference: String? {
        let ours = live.calls.filter { $0.status != nil }
        let collapsed = ours.enumerated().filter { index, call in
            // Broken before content: LiteLLM falls back without a retry, we retry first.
            index == 0 || !ours[index - 1].isBrokenStream || ours[index - 1].hop != call.hop
        }.map(\.element)
        for candidate in [ours, collapsed] where matches(candidate) { return nil }
        return
            "attempts \(describe(ours)), recorded \(expectation.attempts.map { "\($0.deployment):\($0.status ?? 0)" })"
    }

    private func matches(_ calls: [LiveRequest.Call]) -> Bool {
        calls.count == expectation.attempts.count
            && zip(calls, expectation.attempts).allSatisfy {
                $0.id == $1.deployment && ($0.status == $1.status || $0.isTimedOut || $1.status == nil)
            }
    }

    private func describe(_ calls: [LiveRequest.Call]) -> [String] { calls.map { "\($0.id):\($0.status ?? 0)" } }

    private var retriesBrokenStreams: Bool { live.calls.contains(where: \.isBrokenStream) }

    private var sleepsDifference: String? {
        guard !retriesBrokenStreams, !expectation.explains(runs, shared: sharedQuotaSleeps) else { return nil }
        return "sleeps \(live.sleeps.map(\.seconds)), recorded \(expectation.sleeps ?? [])"
    }

    /// Our pauses, and the useless one that LiteLLM would add, for each group's turn.
    private var runs: [Expectation.Run] {
        var runs: [Expectation.Run] = []
        var hop = -1
        for (index, call) in live.calls.enumerated() {
            if call.hop != hop {
                runs.append(Expectation.Run())
                hop = call.hop
            }
            runs[runs.count - 1].sleeps += live.sleeps.filter { $0.after == index + 1 }.map(\.seconds)
            runs[runs.count - 1].useless = Self.backOff(call, retries: runs[runs.count - 1].calls, world.settings)
            runs[runs.count - 1].calls += 1
        }
        let early = live.sleeps.filter { $0.after == 0 }.map(\.seconds)
        if runs.isEmpty { return [Expectation.Run(sleeps: early)] }
        runs[0].sleeps = early + runs[0].sleeps
        return runs
    }

    private static func backOff(_ call: LiveRequest.Call, retries: Int, _ settings: RouterSettings) -> Double {
        if let told = call.retryAfter, (1...60).contains(told) { return told }
        return min(max(0.5 * Double(1 << min(retries, 8)), settings.retryAfter.inSeconds), 8)
    }

    private var sharedQuotaSleeps: [Double] {
        live.sleeps.compactMap { sleep in
            guard sleep.after > 0 else { return nil }
            let failed = world.deployments[live.calls[sleep.after - 1].deployment]
            let group = world.deployments.filter { $0.group == failed.group }
            let isShared = group.allSatisfy {
                ($0.account, $0.region, $0.modelID) == (failed.account, failed.region, failed.modelID)
            }
            return group.count > 1 && isShared ? sleep.seconds : nil
        }
    }

    var resultDifference: String? {
        guard let recorded = expectation.result, let result = live.result else { return nil }
        switch result {
        case .answered(let deployment, let group, let retries, let fallbacks):
            guard expectation.isSuccess else { return "answered by \(deployment), recorded \(describe(recorded))" }
            return headersDifference(
                recorded, deployment: deployment, group: group, retries: retries, fallbacks: fallbacks)
        case .failed(.attempt(_, let failure)), .broken(let failure):
            return failureDifference(recorded, failure)
        case .failed(.refused(let refusal)): return refusalDifference(recorded, refusal)
        }
    }

    private func headersDifference(
        _ recorded: JSONNode, deployment: String, group: String, retries: Int, fallbacks: Int
    ) -> String? {
        let headers = recorded["headers"]
        if let expected = recorded["deployment"]?.text, expected != deployment {
            return "answered by \(deployment), recorded \(expected)"
        }
        if let expected = headers?["x-litellm-model-group"]?.text, expected != group {
            return "model group \(group), recorded \(expected)"
        }
        if let expected = headers?["x-litellm-attempted-retries"]?.int, expected != retries, !retriesBrokenStreams {
            return "\(retries) retries, recorded \(expected)"
        }
        // LiteLLM counts a chain of fallbacks as one; we count the groups.
        if let expected = headers?["x-litellm-attempted-fallbacks"]?.int,
            fallbacks != expected && (expected == 0 || fallbacks < expected)
        {
            return "\(fallbacks) fallbacks, recorded \(expected)"
        }
        return nil
    }

    private func failureDifference(_ recorded: JSONNode, _ failure: AttemptFailure) -> String? {
        if expectation.endsWithLastAttempt { return nil }
        let isSame =
            !expectation.isSuccess && recorded["error"]?.text == failure.failureClass.rawValue
            && (recorded["status"]?.int ?? failure.status) == failure.status
        return isSame
            ? nil : "failed with \(failure.failureClass.rawValue) \(failure.status), recorded \(describe(recorded))"
    }

    /// LiteLLM refuses with several classes, some without a status; ours all have one.
    private func refusalDifference(_ recorded: JSONNode, _ refusal: RouteFailure.Refusal) -> String? {
        let message = recorded["message_prefix"]?.text ?? ""
        let isSame: Bool =
            switch recorded["error"]?.text ?? "" {
            case _ where expectation.isSuccess: false
            case "RouterRateLimitError", "RouterRateLimitErrorBasic":
                refusal.status == 429 && [.noDeployments, .rateLimit].contains(refusal.reason)
            case "ValueError" where message.contains("tags configuration"): refusal.reason == .tags
            case "ValueError" where message.contains("budget"): refusal.reason == .budget
            case "ValueError": refusal.status == 429
            case let name:
                name == refusal.failureClass.rawValue && (recorded["status"]?.int ?? refusal.status) == refusal.status
            }
        return isSame
            ? nil : "refused with \(refusal.reason.rawValue) \(refusal.status), recorded \(describe(recorded))"
    }

    private func describe(_ recorded: JSONNode) -> String {
        if expectation.isSuccess { return "success" }
        return "\(recorded["error"]?.text ?? "?") \(recorded["status"]?.int.map(String.init) ?? "-")"
    }
}
