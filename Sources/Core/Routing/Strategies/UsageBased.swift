/// `usage-based-routing`: the fewest tokens this minute, the first in list order among equals.
enum UsageBased {
    static func narrow(
        _ field: inout Field, states: [DeploymentState], peers: [PeerTotals], minute: Int64
    ) -> SelectionReason {
        let reason = UsageBasedV2.narrow(&field, states: states, peers: peers, minute: minute)
        field.keepFirst()
        return reason
    }
}

/// `usage-based-routing-v2`: the same with a random draw among equals. Reserved tokens count as used, so calls that
/// are under way are seen.
enum UsageBasedV2 {
    static func narrow(
        _ field: inout Field, states: [DeploymentState], peers: [PeerTotals], minute: Int64
    ) -> SelectionReason {
        let lowest = field.keepLowest {
            states[$0].usage.tokens(in: minute) + states[$0].usage.reserved + peers[$0].tokens(in: minute)
        }
        return .leastUsed(tokens: lowest ?? 0)
    }
}
