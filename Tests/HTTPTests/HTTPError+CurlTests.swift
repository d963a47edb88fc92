import Testing

@testable import HTTP

@Suite struct HTTPErrorCurlTests {
    @Test func `the description is libcurl's own text where it has any`() {
        #expect(
            HTTPError(.init(7), wasSent: false, hasResponse: false, detail: "Failed to connect to x").description
                == "Failed to connect to x")
        #expect(!HTTPError(.init(7), wasSent: false, hasResponse: false, detail: "").description.isEmpty)
    }

    @Test func `what was sent is never reported as not sent`() {
        for code in UInt32(1)...99 {
            let kind = HTTPError.Kind(.init(code), wasSent: true, hasResponse: false)
            #expect(kind != .connect && kind != .invalidRequest)
        }
    }
}
