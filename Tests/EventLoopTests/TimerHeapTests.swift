import TestSupport
import Testing
import Time

@testable import EventLoop

@Suite struct TimerHeapTests {
    private func instant(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

    @Test func `elements leave by deadline and then in the order they were inserted`() {
        var heap = TimerHeap<String>()
        for (name, deadline) in [("c", 3), ("a1", 1), ("b", 2), ("a2", 1), ("a3", 1)] as [(String, Int64)] {
            _ = heap.insert(name, deadline: instant(deadline))
        }

        var order: [String] = []
        while let name = heap.popDue(now: instant(3)) { order.append(name) }

        #expect(order == ["a1", "a2", "a3", "b", "c"])
    }

    @Test func `nothing leaves before its deadline`() {
        var heap = TimerHeap<Int>()
        _ = heap.insert(1, deadline: instant(10))

        #expect(heap.popDue(now: instant(9)) == nil)
        #expect(heap.nextDeadline == instant(10))
        #expect(heap.popDue(now: instant(10)) == 1)
        #expect(heap.nextDeadline == nil)
    }

    @Test func `it agrees with a sorted list through random insertions, removals and pops`() {
        var random = SeededGenerator(seed: 7)
        var heap = TimerHeap<Int>()
        var model: [(deadline: Int64, element: Int, id: TimerHeap<Int>.ID)] = []
        for element in 0..<20_000 {
            switch random.next() % 5 {
            case 0 where !model.isEmpty:
                let index = Int(random.next() % UInt64(model.count))
                heap.remove(model.remove(at: index).id)
            case 1:
                let now = Int64(random.next() % 1000)
                let expected = model.indices.filter { model[$0].deadline <= now }
                    .min { (model[$0].deadline, model[$0].element) < (model[$1].deadline, model[$1].element) }
                #expect(heap.popDue(now: instant(now)) == expected.map { model[$0].element })
                if let expected { model.remove(at: expected) }
            default:
                let deadline = Int64(random.next() % 1000)
                model.append((deadline, element, heap.insert(element, deadline: instant(deadline))))
            }
            #expect(heap.count == model.count)
            if model.count > 300 {
                model.removeAll {
                    heap.remove($0.id); return true
                }
            }
        }
    }
}
