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

    @Test func `texts that quote much are cut, at a character`() {
        let failure = RequestFailure(
            status: 400, type: .invalidRequest, message: "x" + String(repeating: "é", count: 100_000),
            param: String(repeating: "p", count: 100_000))
        #expect(failure.message == "x" + String(repeating: "é", count: 4095) + "…")
        #expect(failure.param == String(repeating: "p", count: 1024) + "…")
    }

    @Test func `what is not known is null`() {
        let failure = RequestFailure(status: 500, type: .server, message: "x")
        #expect(
            String(decoding: failure.json(), as: UTF8.self)
                == #"{"error":{"message":"x","type":"server_error","param":null,"code":null}}"#)
    }
}
