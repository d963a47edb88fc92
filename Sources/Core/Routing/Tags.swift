/// Tag routing: which deployments of a group a request's tags lead to (section 9).
struct Tags: Sendable {
    private var plain: [String] = []
    /// Written `&tag`: must be there. Written `!tag`: must not.
    private var required: [String] = []
    private var excluded: [String] = []
    private let matchAny: Bool

    init(of request: RoutingRequest, matchAny: Bool) {
        self.matchAny = matchAny
        for tag in request.tags {
            if tag.hasPrefix("!") {
                excluded.append(String(tag.dropFirst()))
            } else if tag.hasPrefix("&") {
                required.append(String(tag.dropFirst()))
            } else {
                plain.append(tag)
            }
        }
    }

    /// Narrows `candidates`; false: the tags allow none. Deployments tagged `default` serve what has no tag of its
    /// own, but not what is tagged for another deployment of the group that is just not available.
    func narrow(_ candidates: inout [Int], of group: ModelGroup, in deployments: [Deployment]) -> Bool {
        if !excluded.isEmpty { candidates.removeAll { has(any: excluded, deployments[$0]) } }
        if plain.isEmpty && required.isEmpty {
            if candidates.contains(where: { isDefault(deployments[$0]) }) {
                candidates.removeAll { !isDefault(deployments[$0]) }
            }
            return !candidates.isEmpty
        }
        if candidates.contains(where: { matches(deployments[$0]) }) {
            candidates.removeAll { !matches(deployments[$0]) }
            return true
        }
        if group.members.contains(where: { matches(deployments[$0]) }) { return false }
        candidates.removeAll { !isDefault(deployments[$0]) }
        return !candidates.isEmpty
    }

    private func matches(_ deployment: Deployment) -> Bool {
        guard required.allSatisfy({ deployment.tags.contains($0) || deployment.matchesPattern($0) }) else {
            return false
        }
        if plain.isEmpty { return true }
        return matchAny
            ? has(any: plain, deployment)
            : plain.allSatisfy { deployment.tags.contains($0) || deployment.matchesPattern($0) }
    }

    private func has(any tags: [String], _ deployment: Deployment) -> Bool {
        tags.contains { deployment.tags.contains($0) || deployment.matchesPattern($0) }
    }

    private func isDefault(_ deployment: Deployment) -> Bool { deployment.tags.contains("default") }
}

extension Deployment {
    /// `tag_regex`: an expression that matches the whole tag stands for that tag. One that does not compile matches
    /// nothing; the configuration reports it.
    fileprivate func matchesPattern(_ tag: String) -> Bool {
        tagPatterns.contains { pattern in
            guard let expression = try? Regex(pattern) else { return false }
            return (try? expression.wholeMatch(in: tag)) != nil
        }
    }
}
