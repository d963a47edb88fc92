import Time

/// The other instances' state, as their reports tell it: bounded by instances and deployments.
///
/// Decisions read the sums, which are made when a report comes.
struct PeerStates: Sendable {
    private struct Peer: Sendable {
        var heard: Instant
        var deployments: [Int: Entry] = [:]
    }

    private struct Entry: Sendable {
        var usage = MinutePair()
        var reserved = 0
        var perToken: LatencyEstimate?
        var firstToken: LatencyEstimate?
    }

    /// By position in the router's list.
    private(set) var totals: [PeerTotals]
    private var peers: [RouterInstance: Peer] = [:]
    /// Whether our own reports come back to us: only then is there anybody to wait for.
    private var isConnected = false

    /// An instance that has not been heard of for so long is gone. What it used this minute stays used.
    static let lifetime = Duration.seconds(10)
    /// More instances than anybody runs: names in the topic must not fill the memory.
    static let mostPeers = 256

    init(count: Int) { totals = [PeerTotals](repeating: PeerTotals(), count: count) }

    /// Instances that live, without this one.
    func liveCount(now: Instant) -> Int { peers.values.count { isAlive($0, now) } }

    mutating func setConnected(_ isConnected: Bool, now: Instant) {
        self.isConnected = isConnected
        updateSharers(now: now)
    }

    /// Notes that `instance` lives. False: there are too many to remember another one.
    @discardableResult
    mutating func hear(_ instance: RouterInstance, now: Instant) -> Bool {
        guard peers[instance] != nil || peers.count < Self.mostPeers else { return false }
        let isNews = peers[instance].map { !isAlive($0, now) } ?? true
        peers[instance, default: Peer(heard: now)].heard = now
        if isNews { updateSharers(now: now) }
        return true
    }

    /// Takes over what `instance` reports of the deployment at `position`. Returns whether others now use less.
    mutating func adopt(
        _ report: DeploymentReport, at position: Int, from instance: RouterInstance, now: Instant
    ) -> Bool {
        guard hear(instance, now: now) else { return false }
        let before = totals[position]
        var entry = peers[instance]?.deployments[position] ?? Entry()
        if isNear(report.minute, now) { entry.usage.set(report.usage) }
        entry.reserved = report.reservedTokens
        entry.perToken = report.perToken
        entry.firstToken = report.firstToken
        peers[instance]?.deployments[position] = entry
        addUp(position, now: now)
        let minute = UsageWindow.minute(of: now)
        return totals[position].tokens(in: minute) < before.tokens(in: minute)
    }

    /// Our own report has come back: the others know this much.
    mutating func noteSeen(_ report: DeploymentReport, at position: Int, now: Instant) {
        if isNear(report.minute, now) { totals[position].seenUsage.set(report.usage) }
        totals[position].seenReserved = report.reservedTokens
    }

    /// All incarnations of the instance called `name` have ended.
    mutating func forget(_ name: String, now: Instant) {
        for instance in peers.keys where instance.name == name {
            peers[instance]?.heard = now.advanced(by: .zero - Self.lifetime)
        }
        expire(now: now)
    }

    /// Drops what dead instances had in flight and had measured, and they themselves once their minute is over.
    mutating func expire(now: Instant) {
        let minute = UsageWindow.minute(of: now)
        var hasChanged = false
        for (instance, peer) in peers where !isAlive(peer, now) {
            let used = peer.deployments.filter { $0.value.usage[minute].requests > 0 }
            peers[instance]?.deployments = used.mapValues { Entry(usage: $0.usage) }
            if used.isEmpty { peers[instance] = nil }
            hasChanged = true
        }
        guard hasChanged else { return }
        for position in totals.indices { addUp(position, now: now) }
        updateSharers(now: now)
    }

    /// The same under another configuration; `places`: where each deployment was before.
    func moved(to places: [Int?]) -> PeerStates {
        var moved = PeerStates(count: places.count)
        moved.isConnected = isConnected
        let newPlaces = Dictionary(places.enumerated().compactMap { new, old in old.map { ($0, new) } }) { $1 }
        moved.peers = peers.mapValues { peer in
            var peer = peer
            peer.deployments = Dictionary(
                peer.deployments.compactMap { old, entry in newPlaces[old].map { ($0, entry) } }
            ) { $1 }
            return peer
        }
        let sharers = totals.first?.sharers ?? nil
        for (new, old) in places.enumerated() {
            if let old { moved.totals[new] = totals[old] } else { moved.totals[new].sharers = sharers }
        }
        return moved
    }

    private func isAlive(_ peer: Peer, _ now: Instant) -> Bool { now.since(peer.heard) < Self.lifetime }

    /// Of another minute a report's usage says nothing about this one; it may come from a wrong clock.
    private func isNear(_ minute: Int64, _ now: Instant) -> Bool {
        let current = UsageWindow.minute(of: now)
        return (current - 1...current + 1).contains(minute)
    }

    private mutating func addUp(_ position: Int, now: Instant) {
        let minute = UsageWindow.minute(of: now)
        var sums = (minute - 1...minute + 1).map { MinuteUsage.none(in: $0) }
        totals[position].reserved = 0
        totals[position].perToken = nil
        totals[position].firstToken = nil
        for peer in peers.values {
            guard let entry = peer.deployments[position] else { continue }
            for index in sums.indices { sums[index].add(entry.usage[sums[index].minute]) }
            totals[position].reserved = totals[position].reserved.addingClamped(entry.reserved)
            totals[position].perToken = .merging(totals[position].perToken, entry.perToken)
            totals[position].firstToken = .merging(totals[position].firstToken, entry.firstToken)
        }
        // The minute before shares its place with the one after, which counts once it has begun.
        if sums[2].requests == 0 && sums[2].tokens == 0 { sums.removeLast() }
        for sum in sums { totals[position].usage.set(sum) }
    }

    private mutating func updateSharers(now: Instant) {
        let live = liveCount(now: now)
        let sharers = isConnected && live > 0 ? live + 1 : nil
        guard totals.first?.sharers != .some(sharers) else { return }
        for position in totals.indices { totals[position].sharers = sharers }
    }
}
