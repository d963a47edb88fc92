import Partitions
import Testing

@testable import Kafka

@Suite struct RebalanceStateTests {
    let first = TopicPartition(topic: "requests", partition: 0)
    let second = TopicPartition(topic: "requests", partition: 1)

    @Test func `librdkafka is answered once, when all of a revocation is given back`() {
        var state = RebalanceState()
        state.revoke([first, second], isLost: false)
        let early = state.giveBack([first], isCooperative: true)
        let complete = state.giveBack([second], isCooperative: true)
        let again = state.giveBack([second], isCooperative: true)
        #expect(early == nil && complete == [first, second] && again == nil)
    }

    /// kafka.md 3.4, 2.10.0 row (#4059).
    @Test func `periodic commits rest from a revocation until the group is steady again`() {
        var state = RebalanceState()
        #expect(state.allowsPeriodicCommit)
        state.revoke([first], isLost: false)
        #expect(!state.allowsPeriodicCommit && state.allowsDrainCommit)
        _ = state.giveBack([first], isCooperative: true)
        #expect(!state.allowsPeriodicCommit && !state.allowsDrainCommit)
        state.assign()
        state.assignmentAnswered()
        #expect(!state.allowsPeriodicCommit, "the answer makes the member join again")
        state.assign()
        state.assignmentAnswered()
        #expect(state.allowsPeriodicCommit && state.allowsDrainCommit)
    }

    @Test func `nothing of lost partitions is committed`() {
        var state = RebalanceState()
        state.revoke([first], isLost: true)
        #expect(!state.allowsDrainCommit && !state.allowsPeriodicCommit)
    }
}
