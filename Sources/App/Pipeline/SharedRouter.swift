public import EventLoop
public import Routing
public import Time

/// The one router that all requests of this process share, and the queue of requests that it holds back.
///
/// Held requests wait in arrival order, those of a model group that the same deployments can serve in one queue. Whoever
/// frees capacity wakes the first of each of the group's queues; a woken request that could go on wakes the next, one
/// that could not keeps its place. So an event costs what it lets through and the group's queues, which are few, not what
/// is waiting.
@RequestPath
public final class SharedRouter {
    private var router: Router
    /// The router's own: asking it takes a copy of it.
    private var weighsTokens: Bool
    /// By group.
    private var queues: [String: [HoldPlace: HeldRequests]] = [:]
    /// Requests held now.
    public private(set) var heldCount = 0
    /// Told when a failure has benched a deployment.
    var onCooldown: (@RequestPath () -> Void)?

    public init(_ router: Router) {
        self.router = router
        weighsTokens = router.weighsTokens
    }

    /// In the order of the attempts' `deploymentIndex`, until the next `reconfigure`.
    public var deployments: [Deployment] { router.deployments }

    /// Goes on under a new configuration: what is known of deployments that stay is kept, and every held request asks
    /// again, for its group may have room now, or be gone.
    public func reconfigure(settings: RouterSettings, deployments: [Deployment]) {
        router = router.reconfigured(settings: settings, deployments: deployments)
        weighsTokens = router.weighsTokens
        for queue in queues.values.joined() { queue.value.wakeAll() }
    }

    /// Whether any decision may look at the request's tokens; else they need not be counted.
    func weighsTokens(of request: RoutingRequest) -> Bool {
        weighsTokens || request.routingStrategy?.weighsTokens == true
    }

    public func begin(_ request: RoutingRequest, now: Instant) -> RouteSession {
        router.begin(request, now: now)
    }

    public func nextStep(of session: inout RouteSession, now: Instant) -> RouteStep {
        router.nextStep(of: &session, now: now)
    }

    /// Reports an attempt's end and lets a held request of its group try for what it freed.
    public func finish(_ outcome: AttemptOutcome, of session: inout RouteSession, group: String, now: Instant) {
        router.finish(outcome, of: &session, now: now)
        wakeNext(in: group)
        if session.latestCooldown != nil { onCooldown?() }
    }

    public func status(now: Instant) -> [DeploymentStatus] {
        router.status(now: now)
    }

    /// Takes over what another instance says, and lets a held request try for what that freed.
    func adopt(_ message: StateMessage, as own: RouterInstance, now: Instant) {
        if let group = router.adopt(message, as: own, now: now) { wakeNext(in: group) }
    }

    func takeReports(now: Instant) -> [DeploymentReport] { router.takeReports(now: now) }
    func repeatReports() { router.repeatReports() }
    func forget(instance name: String, now: Instant) { router.forget(instance: name, now: now) }
    func expirePeers(now: Instant) { router.expirePeers(now: now) }
    func peerCount(now: Instant) -> Int { router.peerCount(now: now) }

    /// Whether the state topic works. Requests that waited for word from others need not any more when it does not.
    func setSharing(_ isConnected: Bool, now: Instant) {
        router.setSharing(isConnected, now: now)
        for group in Array(queues.keys) { wakeNext(in: group) }
    }

    /// Where a request that has just begun would be held, if others are held there already: it then queues behind them
    /// instead of overtaking.
    func placesBehindOthers(_ session: RouteSession) -> [HoldPlace]? {
        guard heldCount > 0 else { return nil }
        let places = router.holdPlaces(of: session)
        return !places.isEmpty && places.allSatisfy { queues[$0.group]?[$0] != nil } ? places : nil
    }

    /// Suspends until it is worth asking the router again: `until` has come, an attempt in the group of one of `places`
    /// has finished, or `deadline` has passed. Returns the ticket that keeps the request's place when it is held again.
    public func hold(
        _ places: [HoldPlace], until: Instant?, deadline: Instant, ticket: HoldTicket?
    ) async -> HoldTicket {
        let held = HeldRequest(ticket: ticket ?? nextTicket())
        heldCount += 1
        for place in places {
            queues[place.group, default: [:]][place, default: HeldRequests()].insert(held)
            if let until { wakeFirst(of: place, at: until) }
        }
        let deadlineTimer = EventLoop.shared.schedule(at: deadline) { held.wake() }
        await held.untilWoken()
        deadlineTimer.cancel()
        heldCount -= 1
        for place in places { remove(held, from: place) }
        return held.ticket
    }

    /// Lets the next request that is held in `place` ask the router again: call it after a held request could go on.
    func wakeNext(in place: HoldPlace) {
        queues[place.group]?[place]?.first?.wake()
    }

    /// Lets the first request of each place in `group` ask the router again, the oldest first.
    private func wakeNext(in group: String) {
        guard let places = queues[group] else { return }
        for held in places.values.compactMap(\.first).sorted(by: { $0.ticket < $1.ticket }) { held.wake() }
    }

    /// One timer per place, at the earliest instant any of its held requests has asked for.
    private func wakeFirst(of place: HoldPlace, at instant: Instant) {
        if let timer = queues[place.group]?[place]?.timer {
            guard instant < timer.instant else { return }
            timer.timer.cancel()
        }
        let timer = EventLoop.shared.schedule(at: instant) { [weak self] in
            self?.queues[place.group]?[place]?.timer = nil
            self?.wakeNext(in: place)
        }
        queues[place.group]?[place]?.timer = (instant, timer)
    }

    private func remove(_ held: HeldRequest, from place: HoldPlace) {
        queues[place.group]?[place]?.remove(held)
        guard queues[place.group]?[place]?.isEmpty == true else { return }
        queues[place.group]?[place]?.timer?.timer.cancel()
        queues[place.group]?[place] = nil
        if queues[place.group]?.isEmpty == true { queues[place.group] = nil }
    }

    private var latestTicket = 0

    private func nextTicket() -> HoldTicket {
        latestTicket += 1
        return HoldTicket(order: latestTicket)
    }
}

/// A held request's place in the queues.
public struct HoldTicket: Hashable, Comparable, Sendable {
    fileprivate let order: Int

    public static func < (left: HoldTicket, right: HoldTicket) -> Bool { left.order < right.order }
}

/// One request that waits for capacity.
@RequestPath
private final class HeldRequest {
    let ticket: HoldTicket
    private var state = State.running

    private enum State {
        case running
        case waiting(UnsafeContinuation<Void, Never>)
        case woken
    }

    init(ticket: HoldTicket) { self.ticket = ticket }

    func untilWoken() async {
        if case .woken = state { return }
        await withUnsafeContinuation { state = .waiting($0) }
    }

    /// Later calls do nothing.
    func wake() {
        let earlier = state
        state = .woken
        if case .waiting(let continuation) = earlier { continuation.resume() }
    }
}

/// The held requests of one place in arrival order.
@RequestPath
private struct HeldRequests {
    private var requests: [HeldRequest] = []
    private var head = 0
    var timer: (instant: Instant, timer: LoopTimer)?

    var isEmpty: Bool { head == requests.count }
    var first: HeldRequest? { isEmpty ? nil : requests[head] }

    func wakeAll() {
        for held in requests[head...] { held.wake() }
    }

    mutating func insert(_ held: HeldRequest) {
        var place = requests.count
        while place > head, held.ticket < requests[place - 1].ticket { place -= 1 }
        requests.insert(held, at: place)
    }

    mutating func remove(_ held: HeldRequest) {
        guard let place = requests[head...].firstIndex(where: { $0 === held }) else { return }
        guard place == head else {
            requests.remove(at: place)
            return
        }
        head += 1
        if head > 32, head * 2 > requests.count {
            requests.removeFirst(head)
            head = 0
        }
    }
}
