/// `simple-shuffle`: a draw weighted by the first of weight, rpm and tpm that any candidate has; else uniform.
enum SimpleShuffle {
    static func narrow(_ field: inout Field, profiles: [DeploymentProfile]) -> SelectionReason {
        if weigh(&field, { profiles[$0].weight }) { return .weighted(by: "weight") }
        if weigh(&field, { profiles[$0].requestsWeight }) { return .weighted(by: "rpm") }
        if weigh(&field, { profiles[$0].tokensWeight }) { return .weighted(by: "tpm") }
        return .uniform
    }

    private static func weigh(_ field: inout Field, _ metric: (Int) -> Double) -> Bool {
        guard field.candidates.contains(where: { metric($0) > 0 }) else { return false }
        for candidate in field.candidates { field.weights.append(max(metric(candidate), 0)) }
        return true
    }
}
