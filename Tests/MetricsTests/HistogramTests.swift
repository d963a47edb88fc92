import Metrics
import Testing

@Suite struct HistogramTests {
    @Test(arguments: [(-1.0, 0), (0, 0), (1, 0), (1.0001, 1), (2, 1), (3.9, 2), (4, 2), (4.1, 3), (.infinity, 3)])
    func `a value falls into the first bucket that holds it`(value: Double, bucket: Int) {
        var histogram = Histogram(.init([1, 2, 4]))
        histogram.record(value)
        #expect(histogram.counts.firstIndex(of: 1) == bucket)
        #expect(histogram.count == 1)
    }

    @Test func `the sum is that of the values, clamped at zero, without NaN`() {
        var histogram = Histogram(.init([1]))
        for value in [0.5, 2.25, -3, .nan] { histogram.record(value) }
        #expect(histogram.sum == 2.75)
        #expect(histogram.count == 3)
    }
}
