import Partitions
import TestSupport
import Testing

@Suite struct QueueTests {
    @Test func `elements leave in the order they came, however pushes and pops mix`() {
        var random = SeededGenerator(seed: 1)
        var queue = Queue<Int>()
        var model: [Int] = []
        for step in 0..<20_000 {
            if random.chance(step < 10_000 ? 60 : 40) {
                queue.append(step)
                model.append(step)
            } else {
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            #expect(queue.count == model.count && queue.first == model.first && queue.last == model.last)
            if !model.isEmpty { #expect(queue[model.count / 2] == model[model.count / 2]) }
        }
    }
}
