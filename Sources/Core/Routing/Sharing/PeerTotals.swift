/// What all other instances together do with one deployment, and what they know of our own use of it.
struct PeerTotals: Sendable {
    /// Nil while there is nobody else, which costs a decision one comparison.
    var sharers: Int?
    var usage = MinutePair()
    var reserved = 0
    var perToken: LatencyEstimate?
    var firstToken: LatencyEstimate?
    /// Our own latest report that has come back to us, as it has come to the others.
    var seenUsage = MinutePair()
    var seenReserved = 0

    func requests(in minute: Int64) -> Int { usage[minute].requests }
    /// Used and reserved.
    func tokens(in minute: Int64) -> Int { usage[minute].tokens.addingClamped(reserved) }

    /// Whether a call of ours that needs `tokens` stays within what we may use before the others know of it.
    ///
    /// Two instances that both saw room for ten must not both take ten. So what the others have not seen of our use
    /// stays below half our share of what was left when they last heard of us: while a report is on its way, that
    /// many times the number of instances cannot overrun a limit. One call is always possible, so a limit is overrun
    /// by one call for each other instance, and never left unused. While reports are late, others may use up the rest
    /// without knowing of this instance's half share: the overrun stays below half the limit even then.
    func isSettled(_ own: UsageWindow, adding tokens: Int, to profile: DeploymentProfile, in minute: Int64) -> Bool {
        guard let sharers else { return true }
        let seen = seenUsage[minute]
        if profile.requestLimit != .max {
            let left = profile.requestLimit - seen.requests - requests(in: minute)
            guard isShare(own.requests(in: minute) - seen.requests, adding: 1, of: left, sharers) else { return false }
        }
        if profile.tokenLimit != .max {
            let known = seen.tokens + seenReserved
            let left = profile.tokenLimit - known - self.tokens(in: minute)
            let unseen = own.tokens(in: minute) + own.reserved - known
            guard isShare(unseen, adding: tokens, of: left, sharers) else { return false }
        }
        return true
    }

    private func isShare(_ unseen: Int, adding more: Int, of left: Int, _ sharers: Int) -> Bool {
        unseen <= 0 || unseen + more <= left / (2 * sharers)
    }
}
