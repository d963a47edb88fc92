import Bedrock
import Routing

/// What `bedrock-relay check` prints: the effective routing table, then every warning. Plain text, no secrets.
public struct ConfigurationReport: Sendable {
    private let configuration: ServiceConfiguration

    public init(_ configuration: ServiceConfiguration) {
        self.configuration = configuration
    }

    public var text: String {
        var sections = [deployments, routing, exceptions, fallbacks, relay]
        sections.append(
            warnings.isEmpty ? ["No warnings."] : ["Warnings (\(warnings.count))"] + warnings.map { "  " + $0 })
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    /// Those of reading the files, then those that only show in the whole.
    public var warnings: [String] {
        configuration.warnings.map(\.description) + fallbackFindings + priceFindings + groupFindings + quotaFindings
    }
}

extension ConfigurationReport {
    private var groups: [String] {
        var seen: Set<String> = []
        return configuration.deployments.map(\.group).filter { seen.insert($0).inserted }
    }

    private var deployments: [String] {
        guard !configuration.deployments.isEmpty else { return ["No deployments."] }
        var table = TextTable([
            "group", "deployment", "model", "region", "account", "rpm", "tpm", "parallel", "weight", "order", "context",
            "in/out $ per 1M",
        ])
        for group in groups {
            for deployment in configuration.deployments where deployment.group == group {
                table.add(row(of: deployment))
            }
        }
        let count = configuration.deployments.count
        return ["Deployments (\(count) in \(groups.count) group\(groups.count == 1 ? "" : "s"))"] + table.lines
    }

    private func row(of deployment: Deployment) -> [String] {
        let number = { (value: Int?) in value.map { "\($0)" } ?? "-" }
        return [
            deployment.group, Self.shortened(deployment.id) + (deployment.isBlocked ? " (blocked)" : ""),
            deployment.modelID, deployment.region ?? "-", Self.masked(deployment.account),
            number(deployment.limits.requestsPerMinute), number(deployment.limits.tokensPerMinute),
            number(deployment.maxParallelRequests), deployment.weight.map(Self.number) ?? "-", number(deployment.order),
            number(deployment.maxInputTokens), price(of: deployment),
        ]
    }

    /// Of ids that nobody chose, as much as tells them apart.
    static func shortened(_ id: DeploymentID) -> String {
        id.rawValue.utf8.count == 64 ? String(id.rawValue.prefix(12)) : id.rawValue
    }

    private func price(of deployment: Deployment) -> String {
        guard let prices = deployment.prices else { return "unknown" }
        return "\(Self.number(prices.input * 1e6))/\(Self.number(prices.output * 1e6))"
    }

    private var routing: [String] {
        let router = configuration.router
        var table = TextTable(["setting", "value"])
        table.add(["strategy", router.strategy.rawValue])
        for group in router.routingGroups {
            let strategy =
                group.strategy?.rawValue ?? (group.modelPriorities.isEmpty ? router.strategy.rawValue : "priority")
            table.add(["strategy of \(group.name)", "\(strategy) over \(group.models.joined(separator: ", "))"])
        }
        for (alias, target) in router.modelGroupAlias.sorted(by: { $0.key < $1.key }) {
            table.add(["alias \(alias)", target])
        }
        let perRequest = router.numRetriesPerRequest.map { ", at most \($0) in all per request" } ?? ""
        table.add(["retries", "\(router.numRetries) per group\(perRequest)"])
        table.add(["timeout per attempt", timeouts(router)])
        table.add(["deadline per request", Self.seconds(configuration.relay.requestDeadline)])
        table.add(["cool-down", cooldowns(router)])
        table.add(["pre-call checks", router.enablePreCallChecks ? "on" : "off"])
        table.add(["over capacity", router.onCapacityExhausted.rawValue])
        for (provider, budget) in router.providerBudgets.sorted(by: { $0.key < $1.key }) {
            table.add(["budget of \(provider)", "$\(Self.number(budget.limit)) per \(Self.seconds(budget.period))"])
        }
        return ["Routing"] + table.lines.dropFirst()
    }

    private func timeouts(_ router: RouterSettings) -> String {
        let general = router.timeout ?? router.requestTimeout ?? .seconds(6000)
        let stream = router.streamTimeout.map { ", streaming \(Self.seconds($0))" } ?? ""
        return Self.seconds(general) + stream
    }

    private func cooldowns(_ router: RouterSettings) -> String {
        if router.disableCooldowns { return "off" }
        let fails = router.allowedFails.map { " after more than \($0) failures a minute" } ?? ""
        return Self.seconds(router.cooldownTime ?? .seconds(5)) + fails
    }

    private var exceptions: [String] {
        var table = TextTable(["what", "of", "value"])
        for row in Self.exceptions(configuration.router, configuration.deployments) { table.add(row) }
        return table.lines.count > 1 ? ["Exceptions"] + table.lines : []
    }

    private var fallbacks: [String] {
        let router = configuration.router
        let kinds: [(String, [RouterSettings.FallbackList])] = [
            ("any error", router.fallbacks), ("context window", router.contextWindowFallbacks ?? []),
            ("content policy", router.contentPolicyFallbacks ?? []),
        ]
        var table = TextTable(["on", "group", "falls back to"])
        for (kind, lists) in kinds {
            for list in lists { table.add([kind, list.group, list.targets.joined(separator: ", then ")]) }
        }
        return table.lines.count > 1 ? ["Fallbacks (at most \(router.maxFallbacks) per request)"] + table.lines : []
    }

    private var relay: [String] {
        let relay = configuration.relay
        var table = TextTable(["setting", "value"])
        table.add(["requests from", relay.requestTopics.joined(separator: ", ")])
        table.add(["replies to", ([relay.replyTopic] + relay.allowedReplyTopics).joined(separator: ", ")])
        table.add(["dead letters to", relay.deadLetterTopic ?? "nowhere"])
        table.add(["routing events to", relay.metricsTopic ?? "nowhere"])
        if let topic = relay.stateTopic { table.add(["router state shared through", topic]) }
        table.add(["in flight", "\(relay.partitionConcurrency) per partition, \(relay.maxInFlight) in all"])
        table.add(["order of replies", relay.ordering.rawValue])
        table.add(["admin", relay.admin ?? "off"])
        return ["Relay"] + table.lines.dropFirst()
    }
}

extension ConfigurationReport {
    private var fallbackFindings: [String] {
        let router = configuration.router
        let kinds = [
            ("fallbacks", router.fallbacks), ("context_window_fallbacks", router.contextWindowFallbacks ?? []),
            ("content_policy_fallbacks", router.contentPolicyFallbacks ?? []),
        ]
        let findings = kinds.flatMap { key, lists in
            FallbackGraph(lists, aliases: router.modelGroupAlias).findings(lists, key: key)
        }
        let isOff = router.maxFallbacks == 0 && kinds.contains { !$0.1.isEmpty }
        return findings + unreachableFindings(kinds) + windowFindings
            + (isOff ? ["max_fallbacks: 0 switches all fallbacks off"] : [])
    }

    /// Targets that no request ever gets an answer from.
    private func unreachableFindings(_ kinds: [(String, [RouterSettings.FallbackList])]) -> [String] {
        let router = configuration.router
        return kinds.flatMap { key, lists in
            lists.flatMap { list in
                let blocked = list.targets.filter { isBlocked($0) }.map {
                    "\(key): \(list.group) falls back to \($0), whose deployments are all blocked, which can never help"
                }
                guard router.maxFallbacks > 0, list.targets.count > router.maxFallbacks else { return blocked }
                let beyond = list.targets.dropFirst(router.maxFallbacks).joined(separator: ", ")
                return blocked + [
                    "\(key): \(list.group) never gets as far as \(beyond): max_fallbacks is \(router.maxFallbacks)"
                ]
            }
        }
    }

    private func isBlocked(_ group: String) -> Bool {
        let name = configuration.router.modelGroupAlias[group] ?? group
        let members = configuration.deployments.filter { $0.group == name }
        return !members.isEmpty && members.allSatisfy(\.isBlocked)
    }

    /// A request too long for one group is too long for another with the same window.
    private var windowFindings: [String] {
        (configuration.router.contextWindowFallbacks ?? []).flatMap { list in
            list.targets.compactMap { target -> String? in
                guard let window = window(of: list.group), let other = self.window(of: target), other <= window else {
                    return nil
                }
                return
                    "context_window_fallbacks: \(list.group) (\(window) tokens) falls back to \(target) (\(other) tokens), "
                    + "which can never help"
            }
        }
    }

    /// The largest context window in `group`; nil if one of them is unknown.
    private func window(of group: String) -> Int? {
        let name = configuration.router.modelGroupAlias[group] ?? group
        let windows = configuration.deployments.filter { $0.group == name }.map(\.maxInputTokens)
        return windows.contains(nil) ? nil : windows.compactMap(\.self).max()
    }

    private var priceFindings: [String] {
        let router = configuration.router
        guard router.strategy == .costBased || !router.providerBudgets.isEmpty else { return [] }
        return configuration.deployments.filter { $0.prices == nil }.map {
            "model_list: the price of \($0.modelID) (\($0.group)) is unknown; give input_cost_per_token and "
                + "output_cost_per_token, or model_info.base_model"
        }
    }

    /// From here on the reservation of a whole answer is felt in quotas of some hundred thousand tokens a minute.
    private static let longAnswer = 16_384

    /// Bedrock reserves quota for the longest possible answer when a request begins.
    private var quotaFindings: [String] {
        groups.compactMap { group in
            let answers = configuration.deployments.filter { $0.group == group && $0.defaultOutputTokens == nil }
                .compactMap(\.maxOutputTokens)
            guard let longest = answers.max(), longest >= Self.longAnswer else { return nil }
            return
                "model_list: a request to \(group) without max_tokens takes \(longest) tokens of its model's quota until it "
                + "is answered; litellm_params.max_tokens sets a default"
        }
    }

    private var groupFindings: [String] {
        groups.filter { group in configuration.deployments.allSatisfy { $0.group != group || $0.isBlocked } }
            .map { "model_list: every deployment of \($0) is blocked" }
    }
}

extension ConfigurationReport {
    static func seconds(_ duration: Duration) -> String {
        "\(number(Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)) s"
    }

    /// An access key id is no secret, but enough of it to tell keys apart is enough.
    private static func masked(_ account: String) -> String {
        guard account.hasPrefix("key:"), account.count > 12 else { return account }
        return "key:\(account.dropFirst(4).prefix(4))...\(account.suffix(4))"
    }

    /// A number without the digits that binary fractions add.
    private static func number(_ value: Double) -> String {
        let rounded = (value * 1e6).rounded() / 1e6
        return Int(exactly: rounded).map { "\($0)" } ?? "\(rounded)"
    }
}
