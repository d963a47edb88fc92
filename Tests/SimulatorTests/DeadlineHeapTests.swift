import Testing

@testable import Simulator

@Suite struct DeadlineHeapTests {
    @Test func `what is due comes out in order, the rest stays`() {
        var heap = DeadlineHeap()
        var random = SeededBytes(seed: 2)
        let times = (0..<1000).map { _ in Int64(random.next()) * 256 + Int64(random.next()) }
        for time in times { heap.insert(.init(time: time, descriptor: 1, wait: 1)) }
        var popped: [Int64] = []
        while let entry = heap.popDue(at: 30_000) { popped.append(entry.time) }
        #expect(popped == times.filter { $0 <= 30_000 }.sorted())
        #expect(heap.earliest == times.filter { $0 > 30_000 }.min())
        while let entry = heap.popDue(at: .max) { popped.append(entry.time) }
        #expect(popped == times.sorted())
        #expect(heap.earliest == nil)
    }
}
