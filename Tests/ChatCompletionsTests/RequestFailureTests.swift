import ChatCompletions
import Testing

@Suite struct RequestFailureTests {
    @Test func `a failure is OpenAI's error object`() {
        let failure = RequestFailure(
            status: 400, type: .invalidRequest, message: "Bad \"role\".\n", param: "messages[2].role",
            code: "invalid_value")
        #expect(
            String(decoding: failure.json(), as: UTF8.self)
                == #"{"error":{"message":"Bad \"role\".\n","type":"invalid_request_error","param":"messages[2].role","code":"invalid_value"}}"#
        )
    }

    @Test func `what is not known is null`() {
        let failure = RequestFailure(status: 500, type: .server, message: "x")
        #expect(
            String(decoding: failure.json(), as: UTF8.self)
                == #"{"error":{"message":"x","type":"server_error","param":null,"code":null}}"#)
    }
}
