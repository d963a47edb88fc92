import ChatCompletions
import JSON
import Testing

@Suite struct ChatRequestTests {
    private static func request(_ members: String, messages: String = #"[{"role":"user","content":"ping"}]"#) -> [UInt8]
    {
        Array(#"{"model":"claude-3","messages":\#(messages)\#(members.isEmpty ? "" : ",")\#(members)}"#.utf8)
    }

    private func failure(_ json: [UInt8]) -> RequestFailure? {
        do {
            _ = try ChatRequest(json: json)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a plain request is read`() throws {
        let request = try ChatRequest(json: Self.request(""))
        #expect(request.model == "claude-3")
        #expect(!request.isStream)
        #expect(!request.streamOptions.includeUsage)
        #expect(request.maxOutputTokens == nil)
        #expect(request.responseFormat == nil)
        #expect(request.messages.elements.count == 1)
        #expect(request.overrides == RequestOverrides())
        #expect(request.body.root["model"]?.string == "claude-3")
    }

    @Test func `the parameters that the relay reads are read`() throws {
        let request = try ChatRequest(
            json: Self.request(
                #"""
                "stream":true,"stream_options":{"include_usage":true},"max_tokens":10,"max_completion_tokens":2e1,
                "response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{}}}
                """#))
        #expect(request.isStream)
        #expect(request.streamOptions.includeUsage)
        #expect(request.maxOutputTokens == 20)
        #expect(request.responseFormat == .jsonSchema)
        #expect(try ChatRequest(json: Self.request(#""max_tokens":10"#)).maxOutputTokens == 10)
    }

    @Test func `null is as good as absent for what is not required`() throws {
        let request = try ChatRequest(
            json: Self.request(
                #"""
                "stream":null,"stream_options":null,"max_tokens":null,"response_format":null,"temperature":null,
                "tools":null,"stop":null,"num_retries":null,"fallbacks":null,"metadata":null
                """#))
        #expect(request.overrides == RequestOverrides())
        #expect(request.maxOutputTokens == nil)
    }

    @Test func `unknown parameters are left to the provider`() throws {
        _ = try ChatRequest(json: Self.request(#""anything":{"a":[1]},"guardrailConfig":[]"#))
    }

    @Test(arguments: [
        #"{"role":"system","content":"x"}"#, #"{"role":"developer","content":""}"#,
        #"{"role":"user","content":"x","name":"n"}"#,
        #"{"role":"user","content":[{"type":"text","text":"x"}]}"#, #"{"role":"user","content":"x","name":null}"#,
        #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}},{"type":"text","text":"x"}]}"#,
        #"{"role":"user","content":[{"type":"image_url","image_url":"data:"}]}"#,
        #"{"role":"user","content":[{"type":"file","file":{"file_data":"data:"}}]}"#,
        #"{"role":"assistant","content":"x"}"#, #"{"role":"assistant","content":"x","tool_calls":null}"#,
        #"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
        #"{"role":"assistant","refusal":"no"}"#, #"{"role":"tool","content":"x","tool_call_id":"1"}"#,
        #"{"role":"t\u006fol","content":[{"type":"text","text":"x"}],"tool_call_id":"1"}"#,
    ])
    func `every allowed form of message is accepted`(_ message: String) throws {
        _ = try ChatRequest(json: Self.request("", messages: "[\(message)]"))
    }

    @Test(arguments: [
        ("[]", "messages", "empty_array"),
        ("{}", "messages", "invalid_type"),
        ("null", "messages", "invalid_type"),
        (#""hi""#, "messages", "invalid_type"),
        (#"["hi"]"#, "messages[0]", "invalid_type"),
        (#"[{"content":"x"}]"#, "messages[0].role", "missing_required_parameter"),
        (
            #"[{"role":"user","content":"x"},{"role":"user","content":"x"},{"role":"bot","content":"x"}]"#,
            "messages[2].role", "invalid_value"
        ),
        (#"[{"role":1,"content":"x"}]"#, "messages[0].role", "invalid_type"),
        (#"[{"role":null,"content":"x"}]"#, "messages[0].role", "invalid_type"),
        (#"[{"role":"function","name":"f","content":"x"}]"#, "messages[0].role", "unsupported_value"),
        (#"[{"role":"user"}]"#, "messages[0].content", "missing_required_parameter"),
        (#"[{"role":"user","content":null}]"#, "messages[0].content", "invalid_type"),
        (#"[{"role":"user","content":5}]"#, "messages[0].content", "invalid_type"),
        (#"[{"role":"user","content":{}}]"#, "messages[0].content", "invalid_type"),
        (#"[{"role":"user","content":[]}]"#, "messages[0].content", "empty_array"),
        (#"[{"role":"user","content":["x"]}]"#, "messages[0].content[0]", "invalid_type"),
        (#"[{"role":"user","content":[{"text":"x"}]}]"#, "messages[0].content[0].type", "missing_required_parameter"),
        (#"[{"role":"user","content":[{"type":1}]}]"#, "messages[0].content[0].type", "invalid_type"),
        (
            #"[{"role":"user","content":[{"type":"text","text":"x"},{"type":"text"}]}]"#, "messages[0].content[1].text",
            "missing_required_parameter"
        ),
        (#"[{"role":"user","content":[{"type":"text","text":1}]}]"#, "messages[0].content[0].text", "invalid_type"),
        (
            #"[{"role":"user","content":[{"type":"image_url"}]}]"#, "messages[0].content[0].image_url",
            "missing_required_parameter"
        ),
        (
            #"[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]"#,
            "messages[0].content[0].image_url.url", "missing_required_parameter"
        ),
        (#"[{"role":"user","content":"x","name":1}]"#, "messages[0].name", "invalid_type"),
        (#"[{"role":"assistant","content":null}]"#, "messages[0].content", "invalid_type"),
        (#"[{"role":"assistant"}]"#, "messages[0].content", "missing_required_parameter"),
        (#"[{"role":"assistant","tool_calls":{}}]"#, "messages[0].tool_calls", "invalid_type"),
        (#"[{"role":"assistant","tool_calls":[1]}]"#, "messages[0].tool_calls[0]", "invalid_type"),
        (
            #"[{"role":"assistant","tool_calls":[{"function":{}}]}]"#, "messages[0].tool_calls[0].id",
            "missing_required_parameter"
        ),
        (
            #"[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f"}}]}]"#,
            "messages[0].tool_calls[0].function.arguments", "missing_required_parameter"
        ),
        (#"[{"role":"tool","content":"x"}]"#, "messages[0].tool_call_id", "missing_required_parameter"),
        (#"[{"role":"tool","content":"x","tool_call_id":1}]"#, "messages[0].tool_call_id", "invalid_type"),
    ])
    func `a malformed message is refused by its path`(_ messages: String, _ param: String, _ code: String) {
        let failure = failure(Self.request("", messages: messages))
        #expect(failure?.status == 400)
        #expect(failure?.type == .invalidRequest)
        #expect(failure?.param == param)
        #expect(failure?.code == code)
        #expect(failure?.message.contains("'\(param)'") ?? false || code == "unsupported_value")
    }

    @Test(arguments: [
        (#""stream":"true""#, "stream"), (#""stream":1"#, "stream"), (#""temperature":"hot""#, "temperature"),
        (#""temperature":1e999"#, "temperature"), (#""max_tokens":1.5"#, "max_tokens"),
        (#""max_tokens":"1""#, "max_tokens"),
        (#""stop":[1]"#, "stop"), (#""tools":{}"#, "tools"), (#""tools":[1]"#, "tools"),
        (#""tool_choice":1"#, "tool_choice"),
        (#""n":"1""#, "n"), (#""stream_options":true"#, "stream_options"),
        (#""response_format":"json""#, "response_format"),
        (#""stream_options":{"include_usage":1}"#, "stream_options.include_usage"), (#""user":1"#, "user"),
        (#""response_format":{"type":1}"#, "response_format.type"), (#""logit_bias":[]"#, "logit_bias"),
        (#""response_format":{"type":"json_schema","json_schema":"x"}"#, "response_format.json_schema"),
        (#""modalities":"text""#, "modalities"), (#""parallel_tool_calls":"no""#, "parallel_tool_calls"),
    ])
    func `a parameter of the wrong type is refused by its name`(_ member: String, _ param: String) {
        let failure = failure(Self.request(member))
        #expect(failure?.status == 400)
        #expect(failure?.param == param)
        #expect(failure?.code == "invalid_type")
    }

    @Test func `values out of range or unknown are refused`() {
        #expect(failure(Self.request(#""max_tokens":0"#))?.code == "integer_below_min_value")
        #expect(failure(Self.request(#""max_completion_tokens":-1"#))?.param == "max_completion_tokens")
        #expect(failure(Self.request(#""response_format":{"type":"xml"}"#))?.code == "invalid_value")
        #expect(failure(Self.request(#""response_format":{}"#))?.param == "response_format.type")
        #expect(
            failure(Self.request(#""response_format":{"type":"json_schema"}"#))?.param == "response_format.json_schema")
    }

    @Test(
        arguments: [
            ("", nil), ("hello", nil), ("[]", nil), ("null", nil), ("\"x\"", nil), ("{\"model\":", nil),
            (#"{"messages":[{"role":"user","content":"x"}]}"#, "model"), (#"{"model":"m"}"#, "messages"),
            (#"{"model":null,"messages":[{"role":"user","content":"x"}]}"#, "model"),
            (#"{"model":"","messages":[{"role":"user","content":"x"}]}"#, "model"), (#"{"model":3}"#, "model"),
            ("{}", "model"),
        ] as [(String, String?)])
    func `a body without the essentials is refused`(_ body: String, _ param: String?) {
        let failure = failure(Array(body.utf8))
        #expect(failure?.status == 400)
        #expect(failure?.type == .invalidRequest)
        #expect(failure?.param == param)
    }

    @Test func `zeros and invalid UTF-8 are refused and not trapped on`() {
        #expect(failure([UInt8](repeating: 0, count: 2_000_000))?.status == 400)
        #expect(failure(Array(#"{"model":""#.utf8) + [0xFF] + Array(#""}"#.utf8))?.message.contains("UTF-8") ?? false)
    }

    @Test func `a body larger than allowed is refused with 413`() {
        let body = Self.request("")
        #expect(throws: Never.self) { try ChatRequest(json: body, maximumSize: body.count) }
        let failure = #expect(throws: RequestFailure.self) { try ChatRequest(json: body, maximumSize: body.count - 1) }
        #expect(failure?.status == 413)
        #expect(failure?.code == "request_too_large")
    }

    @Test func `a request cut or changed anywhere is refused or read, and never trapped on`() {
        let body = Self.request(
            #""stream":true,"fallbacks":["a",{"model":"b"}],"metadata":{"tags":["x"]},"stop":["a"],"timeout":1.5"#,
            messages: #"[{"role":"user","content":[{"type":"text","text":"a\"b"}]},{"role":"assistant","content":"é"}]"#
        )
        for length in 0..<body.count { #expect(failure(Array(body[..<length])) != nil) }
        for index in body.indices {
            for byte in #"{}[]":,0n\ "#.utf8 {
                var changed = body
                changed[index] = byte
                if let request = try? ChatRequest(json: changed) { _ = TokenEstimate(of: request) }
            }
        }
    }

    @Test func `the keys that are ours are known as such`() throws {
        #expect(ChatRequest.routingKeys.contains("num_retries"))
        #expect(ChatRequest.routingKeys.contains("metadata"))
        let keys = try JSONDocument(parsing: Array(#"["mock_testing_fallbacks","time\u006fut","temperature",1]"#.utf8))
        #expect(keys.root.elements.map(ChatRequest.isRoutingKey) == [true, true, false, false])
    }
}
