import ChatCompletions
import JSON

/// What the events of one ConverseStream answer say, in OpenAI's terms (Bedrock reference, section 6).
struct ConverseStreamReader {
    enum Failure: Error {
        /// An event that is not what ConverseStream promises.
        case malformed(String)
        /// Bedrock itself says that something went wrong.
        case exception(ServiceError)
    }

    private let form: AnswerForm
    private var blocks: [Int: ToolBlock] = [:]
    private var toolCalls = 0
    private var hasJSONAnswer = false
    /// Text that the model says while its answer is expected as a tool's input: dropped when that comes.
    private var withheldText: [UInt8] = []
    private var stop: Stop?
    private var reasoningTokens = 0
    private(set) var usage: Usage?
    private(set) var serviceTier: String?
    private(set) var trace: [UInt8] = []

    /// A tool call that is being told.
    private struct ToolBlock {
        enum Kind {
            /// A call of the requester's function, by its place among the calls.
            case call(Int)
            /// The input of `json_tool_call`: the answer's text.
            case answer
            /// Another such answer after the first.
            case ignored
        }

        var kind: Kind
        var hasInput = false
    }

    private struct Stop {
        var reason: ChatResponse.FinishReason?
    }

    init(form: AnswerForm) { self.form = form }

    /// Whether the answer has been told to its end. Usage and trace may follow.
    var isComplete: Bool { stop != nil }
    /// A stop reason that is not in the table counts as `stop`, and is worth knowing of.
    var hasUnknownStopReason: Bool { stop.map { $0.reason == nil } ?? false }

    /// Nil: the answer has not been told to its end.
    var conclusion: ChatConclusion? {
        guard let stop else { return nil }
        var usage = usage
        usage?.reasoningTokens = reasoningTokens
        var conclusion = ChatConclusion(finishReason: finishReason(stop), usage: usage)
        conclusion.serviceTier = serviceTier
        conclusion.trace = trace
        return conclusion
    }

    private func finishReason(_ stop: Stop) -> ChatResponse.FinishReason {
        let reason = stop.reason ?? .stop
        return reason == .toolCalls && hasJSONAnswer && toolCalls == 0 ? .stop : reason
    }

    /// Takes one message and appends what it adds to the answer.
    mutating func read(_ message: EventStreamMessage, into deltas: inout [ChatDelta]) throws(Failure) {
        switch message.text(of: ":message-type") {
        case "event": try read(event: message.text(of: ":event-type") ?? "", message, &deltas)
        case "exception", "error": throw .exception(ServiceError(message))
        default: throw .malformed("a message has no type")
        }
    }

    private mutating func read(
        event type: String, _ message: EventStreamMessage, _ deltas: inout [ChatDelta]
    ) throws(Failure) {
        switch type {
        case "contentBlockDelta":
            let event = try Self.payload(message)
            if let delta = event["delta"] { read(delta: delta, Self.index(event), &deltas) }
        case "contentBlockStart":
            let event = try Self.payload(message)
            if let tool = event["start"]?["toolUse"] { begin(tool, Self.index(event), &deltas) }
        case "contentBlockStop": end(Self.index(try Self.payload(message)), &deltas)
        case "messageStop": readStop(try Self.payload(message), &deltas)
        case "metadata": readMetadata(try Self.payload(message))
        // The role goes into the first chunk, whatever that is; of events yet to be invented nothing is known.
        default: break
        }
    }

    /// An event without payload says nothing beside its name.
    private static func payload(_ message: EventStreamMessage) throws(Failure) -> JSONValue {
        let bytes = message.payload.isEmpty ? Array("{}".utf8) : message.payload
        do throws(JSONError) {
            return try JSONDocument(parsing: bytes).root
        } catch {
            throw .malformed("an event is not JSON: \(error)")
        }
    }

    private static func index(_ event: JSONValue) -> Int { event["contentBlockIndex"]?.integer ?? 0 }
}

extension ConverseStreamReader {
    private mutating func read(delta: JSONValue, _ index: Int, _ deltas: inout [ChatDelta]) {
        if let text = delta["text"]?.escapedText {
            append(text: text, &deltas)
        } else if let input = delta["toolUse"]?["input"]?.escapedText {
            append(input: input, to: index, &deltas)
        } else if let reasoning = delta["reasoningContent"] {
            append(reasoning: reasoning, &deltas)
        }
    }

    private mutating func append(text: ArraySlice<UInt8>, _ deltas: inout [ChatDelta]) {
        if text.isEmpty || hasJSONAnswer { return }
        if form.isJSONToolCall { withheldText += text } else { deltas.append(.content(escaped: Array(text))) }
    }

    private mutating func append(input: ArraySlice<UInt8>, to index: Int, _ deltas: inout [ChatDelta]) {
        guard !input.isEmpty, let block = blocks[index] else { return }
        blocks[index]?.hasInput = true
        append(Array(input), of: block, &deltas)
    }

    private func append(_ input: [UInt8], of block: ToolBlock, _ deltas: inout [ChatDelta]) {
        switch block.kind {
        case .call(let call): deltas.append(.toolArguments(index: call, escaped: input))
        case .answer: deltas.append(.content(escaped: input))
        case .ignored: break
        }
    }

    private func append(reasoning: JSONValue, _ deltas: inout [ChatDelta]) {
        if let text = reasoning["text"]?.escapedText {
            if !text.isEmpty { deltas.append(.reasoning(escaped: Array(text))) }
        } else if let signature = reasoning["signature"]?.escapedText {
            deltas.append(.signature(escaped: Array(signature)))
        } else if let data = reasoning["redactedContent"]?.escapedText {
            deltas.append(.redactedReasoning(escaped: Array(data)))
        }
    }

    private mutating func begin(_ tool: JSONValue, _ index: Int, _ deltas: inout [ChatDelta]) {
        let name = tool["name"]?.string ?? ""
        if form.isJSONToolCall && name == ToolConfiguration.jsonToolName {
            blocks[index] = ToolBlock(kind: hasJSONAnswer ? .ignored : .answer)
            hasJSONAnswer = true
            withheldText = []
            return
        }
        deltas.append(
            .toolCall(
                index: toolCalls, id: tool["toolUseId"]?.string ?? "", name: form.toolNames?.original(name) ?? name))
        blocks[index] = ToolBlock(kind: .call(toolCalls))
        toolCalls += 1
    }

    private mutating func end(_ index: Int, _ deltas: inout [ChatDelta]) {
        guard let block = blocks.removeValue(forKey: index), !block.hasInput else { return }
        append(Array("{}".utf8), of: block, &deltas)
    }

    private mutating func readStop(_ event: JSONValue, _ deltas: inout [ChatDelta]) {
        stop = Stop(reason: ChatResponse.FinishReason(converse: event["stopReason"]))
        reasoningTokens = Usage.reasoningTokens(in: event["additionalModelResponseFields"]) ?? 0
        if !withheldText.isEmpty {
            deltas.append(.content(escaped: withheldText))
            withheldText = []
        }
    }

    private mutating func readMetadata(_ event: JSONValue) {
        usage = event["usage"].flatMap(Usage.init(converse:))
        serviceTier = event["serviceTier"]?["type"]?.string
        if let trace = event["trace"], trace.isObject { self.trace = Array(trace.source) }
    }
}
