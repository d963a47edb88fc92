import Synchronization
import Time

/// What `/healthz` and `/readyz` answer, kept by the relay and readable from any thread.
final class Health: Sendable {
    private struct State {
        var lastBrokerContact: Instant
        var assignedPartitions = 0
        var wasAssigned = false
        var isStopping = false
        /// When librdkafka's statistics came last; nil: none have yet.
        var lastStatistics: Instant?
    }

    private let state: Mutex<State>

    /// The broker may be away this long, and the event loop silent this long, before the process counts as unhealthy.
    private static let longestBrokerLoss = Duration.seconds(60)
    private static let longestSilence = Duration.seconds(10)
    /// So may be the thread of librdkafka that is the group's member: heartbeats, commits and rebalances are its work. In
    /// the group's leader it can compute an assignment for ever before 2.6.1 (#4783), and nothing else tells, since
    /// records go on to come. Statistics are its work, too.
    private let longestClientSilence: Duration

    /// `statisticsInterval`: librdkafka's.
    init(now: Instant, statisticsInterval: Duration = .seconds(5)) {
        longestClientSilence = max(.seconds(60), statisticsInterval * 3)
        state = Mutex(State(lastBrokerContact: now))
    }

    func sawStatistics(now: Instant) {
        state.withLock { $0.lastStatistics = now }
    }

    func sawBroker(now: Instant) {
        state.withLock { $0.lastBrokerContact = now }
    }

    func setAssignedPartitions(_ count: Int) {
        state.withLock {
            $0.assignedPartitions = count
            $0.wasAssigned = true
        }
    }

    func setStopping() {
        state.withLock { $0.isStopping = true }
    }

    /// Nil while the process can make progress, else why it cannot.
    func problem(now: Instant, lastTurn: Instant) -> String? {
        let silence = now.since(lastTurn)
        if silence > Self.longestSilence {
            return "the event loop has not come round for \(Int(silence.inSeconds)) s"
        }
        if let last = state.withLock({ $0.lastStatistics }), now.since(last) > longestClientSilence {
            return "the Kafka client has not been heard of for \(Int(now.since(last).inSeconds)) s"
        }
        let loss = now.since(state.withLock { $0.lastBrokerContact })
        if loss > Self.longestBrokerLoss { return "no Kafka broker could be reached for \(Int(loss.inSeconds)) s" }
        return nil
    }

    /// Nil once partitions are assigned, else what is missing. A member that was assigned none is ready too: it stands by.
    var notReady: String? {
        state.withLock { state in
            if state.isStopping { return "shutting down" }
            return state.wasAssigned ? nil : "no partitions assigned yet"
        }
    }
}
