import AdminHTTP
import Testing

@Suite struct ProcessUsageTests {
    @Test func `a running process uses time, memory and descriptors`() {
        let usage = ProcessUsage.current()
        #expect(usage.cpu > .zero)
        #expect(usage.residentBytes > 1 << 20)
        #expect(usage.openDescriptors >= 3)
    }
}
