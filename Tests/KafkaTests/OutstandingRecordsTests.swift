import Partitions
import Testing

@testable import Kafka

@Suite struct OutstandingRecordsTests {
    @Test func `slots are used again and the order is that of giving`() {
        var records = OutstandingRecords()
        let slots = (0..<4).map { records.add(ProducerRecord(topic: "t", value: [UInt8($0)]), nil) }
        let removed = records.remove(slots[1])
        let again = records.remove(slots[1])
        let unknown = records.remove(99)
        #expect(removed != nil && again == nil && unknown == nil)
        let reused = records.add(ProducerRecord(topic: "t", value: [9]), nil)
        #expect(reused == slots[1] && records.count == 4)
        #expect(records.all == [slots[0], slots[2], slots[3], reused])
        records[slots[3]]?.isProduced = true
        records[slots[2]]?.isProduced = true
        #expect(records.produced == [slots[2], slots[3]])
    }
}
