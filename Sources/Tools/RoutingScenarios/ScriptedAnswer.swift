import ChatCompletions
import Routing

/// One answer of the scripted provider, and what our Bedrock client would make of it (section 14).
struct ScriptedAnswer: Sendable {
    var status = 200
    var latency = 0.1
    var promptTokens = 10
    var completionTokens = 10
    var timeToFirstToken: Double?
    var retryAfter: Double?
    var message = ""
    var stopReason: String?
    var streamBreak: String?
    /// The client refuses the model string itself; nothing is sent.
    var isLocal = false

    init() {}

    init(_ node: JSONNode) {
        status = node["status"]?.int ?? status
        latency = max(node["latency"]?.double ?? latency, 0)
        promptTokens = node["prompt_tokens"]?.int ?? promptTokens
        completionTokens = node["completion_tokens"]?.int ?? completionTokens
        timeToFirstToken = node["ttft"]?.double
        let headers = node["headers"]?.object ?? [:]
        retryAfter = headers.first { $0.key.lowercased() == "retry-after" }?.value.double
        message = node["message"]?.text ?? ""
        stopReason = node["stop_reason"]?.text
        streamBreak = node["stream_break"]?.text
    }

    /// `bedrock/invalid`: no provider has such a model, which the client sees without a call.
    static var unknownModel: ScriptedAnswer {
        var answer = ScriptedAnswer()
        (answer.status, answer.latency, answer.isLocal) = (404, 0, true)
        return answer
    }

    func breaksStream(_ isStream: Bool) -> Bool { isStream && streamBreak != nil }

    func outcome(isStream: Bool) -> AttemptOutcome {
        if breaksStream(isStream) { return .failure(AttemptFailure(.rateLimit, status: 429)) }
        guard status < 300 else { return .failure(failure) }
        return .success(
            usage: Usage(promptTokens: promptTokens, completionTokens: completionTokens),
            timeToFirstToken: isStream ? .seconds(timeToFirstToken ?? latency) : nil,
            contentFiltered: ["content_filtered", "guardrail_intervened"].contains(stopReason ?? ""))
    }

    private var failure: AttemptFailure {
        let told = retryAfter.map { Duration.seconds($0) }
        if message.contains("throttlingException") || message.contains("Too many tokens, please wait") {
            return AttemptFailure(.rateLimit, status: 429, retryAfter: told)
        }
        let (failureClass, counted): (FailureClass, Int) =
            switch status {
            case 400 where isContextWindowError: (.contextWindowExceeded, 400)
            case 401: (.authentication, 401)
            case 403 where message.contains("The security token included in the request is invalid"):
                (.authentication, 401)
            case 402: (.paymentRequired, 402)
            case 403: (.permissionDenied, 403)
            case 404: (.notFound, 404)
            case 408: (.timeout, 408)
            case 504: (.timeout, 504)
            case 429: (.rateLimit, 429)
            case 500, 503: (.serviceUnavailable, 503)
            case 400..<500: (.badRequest, status)
            default: (.apiConnection, 500)
            }
        return AttemptFailure(failureClass, status: counted, retryAfter: told)
    }

    private var isContextWindowError: Bool {
        ["Input is too long", "prompt is too long", "too many tokens", "Too many input tokens", "expected maxLength:"]
            .contains { message.contains($0) }
    }
}
