import Routing
import Testing

@Suite struct SeededChooserTests {
    @Test func `draws follow the weights and never pick a weight of zero`() {
        var chooser = SeededChooser(seed: 7)
        var counts = [0, 0, 0]
        for _ in 0..<20_000 { counts[chooser.pick(weights: [3, 0, 1])] += 1 }
        #expect(counts[1] == 0)
        #expect(abs(Double(counts[0]) / 20_000 - 0.75) < 0.02)
    }

    @Test func `uniform draws reach everything, and a seed repeats itself`() {
        var first = SeededChooser(seed: 1)
        var second = SeededChooser(seed: 1)
        let draws = (0..<1000).map { _ in first.pick(count: 7) }
        #expect(Set(draws) == Set(0..<7))
        #expect(draws == (0..<1000).map { _ in second.pick(count: 7) })
    }

    @Test func `jitter stays below its bound`() {
        var chooser = SeededChooser(seed: 3)
        for _ in 0..<1000 {
            let jitter = chooser.jitter(below: .milliseconds(750))
            #expect(jitter >= .zero && jitter < .milliseconds(750))
        }
    }
}
