import Partitions

/// Where a consumer is between being told of a rebalance and having answered, and what may be committed then.
///
/// Before librdkafka 2.10.0 a commit that is under way when the group's generation moves costs the whole assignment
/// (#4059): the coordinator answers requests of a connection in order, so a commit sent after the JoinGroup is looked
/// at when the join is over, with a generation that is over, too. The member joins again after a revocation was
/// answered, so periodic commits rest from a revocation until the assignment that ends it; only the drain's own
/// commit, before the answer, goes out. Of joins that begin without a revocation `JoinGroupWatch` tells.
struct RebalanceState: Sendable {
    private var revoked: [TopicPartition] = []
    private var unanswered: Set<TopicPartition> = []
    /// A revocation waits for its answer.
    private(set) var isGivingBack = false
    /// The revoked partitions belong to others already.
    private(set) var isLost = false
    /// How many assignments are still to be answered before the group is steady again.
    private var awaitedAssignments = 0
    /// An assignment waits for its answer.
    private(set) var isTakingOver = false

    var allowsPeriodicCommit: Bool { !isGivingBack && awaitedAssignments == 0 }
    var allowsDrainCommit: Bool { isGivingBack ? !isLost : awaitedAssignments == 0 }

    mutating func revoke(_ partitions: [TopicPartition], isLost: Bool) {
        revoked = partitions
        unanswered = Set(partitions)
        isGivingBack = true
        self.isLost = isLost
    }

    /// Takes partitions back one by one or together; returns all of the revocation once the last is there, for
    /// librdkafka wants one answer.
    ///
    /// A cooperative revocation is followed by two assignments: what this generation adds (often nothing), whose
    /// answer makes the member join again, and that of the next generation.
    mutating func giveBack(_ partitions: [TopicPartition], isCooperative: Bool) -> [TopicPartition]? {
        unanswered.subtract(partitions)
        guard isGivingBack, unanswered.isEmpty else { return nil }
        isGivingBack = false
        awaitedAssignments = isCooperative && !isLost ? 2 : 1
        return revoked
    }

    mutating func assign() {
        isTakingOver = true
    }

    mutating func assignmentAnswered() {
        isTakingOver = false
        awaitedAssignments = max(0, awaitedAssignments - 1)
    }

    /// Commits rest no longer, whatever is to come.
    mutating func stopAwaitingAssignments() { awaitedAssignments = 0 }

    /// Partitions that a revocation still waits for.
    var notGivenBack: [TopicPartition] { Array(unanswered) }
}
