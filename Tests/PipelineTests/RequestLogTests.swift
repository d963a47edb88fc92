import EventLoop
import Partitions
import Testing

@testable import Pipeline

@Suite struct RequestLogTests {
    @RequestPath
    private func traceID(_ parent: String?) -> String? {
        let headers = parent.map { [("traceparent", Array($0.utf8))] } ?? []
        let record = ConsumerRecord.request(PipelineFixture.body, headers: headers)
        return RequestProgress(record: record, envelope: RequestEnvelope(record), taken: EventLoop.shared.now).traceID
    }

    @Test @RequestPath func `the trace id is the second part of the traceparent`() {
        let trace = "0af7651916cd43dd8448eb211c80319c"
        #expect(traceID("00-\(trace)-b7ad6b7169203331-01") == trace)
        #expect(traceID("01-\(trace)-b7ad6b7169203331-01-later") == trace)
    }

    @Test(arguments: [
        nil, "", "00", "00-0af7651916cd43dd8448eb211c80319c",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ])
    @RequestPath
    func `what is no traceparent has no trace id`(parent: String?) {
        #expect(traceID(parent) == nil)
    }
}
