import EventLoop
import Testing

@Suite struct FileDescriptorLimitTests {
    @Test func `raising reaches the hard limit, and again changes nothing`() throws {
        let raised = try #require(FileDescriptorLimit.raise())

        #expect(raised >= 1024)
        #expect(FileDescriptorLimit.raise() == raised)
    }
}
