import Partitions

/// Where a consumer is between being told of a rebalance and having answered, and what may be committed then.
///
/// Before librdkafka 2.10.0 a commit that is under way when the group's generation moves can cost the whole assignment
/// (#4059). It moves after a revocation was answered, so periodic commits rest from a revocation until the next
/// assignment; only the drain's own commit, before the answer, goes out.
struct RebalanceState: Sendable {
    private var revoked: [TopicPartition] = []
    private var unanswered: Set<TopicPartition> = []
    /// A revocation waits for its answer.
    private(set) var isGivingBack = false
    /// The revoked partitions belong to others already.
    private(set) var isLost = false
    private var awaitsAssignment = false
    /// An assignment waits for its answer.
    private(set) var isTakingOver = false

    var allowsPeriodicCommit: Bool { !isGivingBack && !awaitsAssignment }
    var allowsDrainCommit: Bool { isGivingBack ? !isLost : !awaitsAssignment }

    mutating func revoke(_ partitions: [TopicPartition], isLost: Bool) {
        revoked = partitions
        unanswered = Set(partitions)
        isGivingBack = true
        self.isLost = isLost
    }

    /// Takes partitions back one by one or together; returns all of the revocation once the last is there, for
    /// librdkafka wants one answer.
    mutating func giveBack(_ partitions: [TopicPartition]) -> [TopicPartition]? {
        unanswered.subtract(partitions)
        guard isGivingBack, unanswered.isEmpty else { return nil }
        isGivingBack = false
        awaitsAssignment = true
        return revoked
    }

    mutating func assign() {
        isTakingOver = true
    }

    mutating func assignmentAnswered() {
        isTakingOver = false
        awaitsAssignment = false
    }

    /// Partitions that a revocation still waits for.
    var notGivenBack: [TopicPartition] { Array(unanswered) }
}
