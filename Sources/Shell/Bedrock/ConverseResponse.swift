package import ChatCompletions
import JSON

/// What Converse answered, in OpenAI's terms (Bedrock reference, section 5.3).
package struct ConverseResponse {
    package var escapedContent: [UInt8] = []
    package var finishReason: ChatResponse.FinishReason
    package var usage: Usage
    var toolCalls: [ToolCall] = []
    var escapedReasoning: [UInt8] = []
    var thinkingBlocks: [ThinkingBlock] = []
    var annotations: [URLCitation] = []
    var serviceTier: String?
    var trace: [UInt8] = []
    /// A stop reason that is not in the table counts as `stop`, and is worth knowing of.
    var hasUnknownStopReason = false

    /// Why an answer with status 200 cannot be used.
    package struct Malformation: Error, Hashable {
        var description: String
    }

    package init(json: [UInt8], form: AnswerForm = AnswerForm()) throws(Malformation) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(parsing: json).root
        } catch {
            throw Malformation(description: "not JSON: \(error)")
        }
        guard let message = root["output"]?["message"], message.isObject else {
            throw Malformation(description: "it has no output.message")
        }
        guard let usage = root["usage"].flatMap(Usage.init(converse:)) else {
            throw Malformation(description: "it has no usage")
        }
        self.usage = usage
        let reason = ChatResponse.FinishReason(converse: root["stopReason"])
        finishReason = reason ?? .stop
        hasUnknownStopReason = reason == nil
        escapedContent = Self.text(of: message)
        readBlocks(of: message, form)
        readExtras(root)
    }

    /// Takes the blocks that are not text.
    private mutating func readBlocks(of message: JSONValue, _ form: AnswerForm) {
        guard let blocks = message["content"]?.elements else { return }
        // Passages are part of the content when there is no other text.
        var position = blocks.contains { $0["text"]?.isNonEmptyString == true } ? nil : 0
        for block in blocks where block["text"] == nil {
            if let call = block["toolUse"] {
                read(call: call, form)
            } else if let reasoning = block["reasoningContent"] {
                read(reasoning: reasoning)
            } else if let cited = block["citationsContent"] {
                read(cited: cited, &position)
            }
        }
    }

    private mutating func read(call: JSONValue, _ form: AnswerForm) {
        let name = call["name"]?.string ?? ""
        let input = call["input"].map { Array($0.source) } ?? Array("{}".utf8)
        if form.isJSONToolCall && name == ToolConfiguration.jsonToolName {
            // The input is the answer. It replaces what the model said beside it, which is not JSON.
            var writer = JSONWriter(capacity: input.count + 64)
            writer.beginString()
            writer.append(utf8: input.span)
            escapedContent = Array(writer.bytes.dropFirst())
            if finishReason == .toolCalls && toolCalls.isEmpty { finishReason = .stop }
            return
        }
        if form.isJSONToolCall && finishReason == .stop { finishReason = .toolCalls }
        toolCalls.append(
            ToolCall(
                id: call["toolUseId"]?.string ?? "", name: form.toolNames?.original(name) ?? name, arguments: input))
    }

    private mutating func read(reasoning: JSONValue) {
        if let text = reasoning["reasoningText"] {
            let thought = Array(text["text"]?.escapedText ?? [])
            escapedReasoning += thought
            thinkingBlocks.append(
                .thinking(escaped: thought, escapedSignature: Array(text["signature"]?.escapedText ?? [])))
        } else if let data = reasoning["redactedContent"]?.escapedText {
            thinkingBlocks.append(.redacted(escapedData: Array(data)))
        }
    }

    /// Takes the sources of a passage, which begins at `position` of the content.
    private mutating func read(cited: JSONValue, _ position: inout Int?) {
        var range: Range<Int>?
        if let start = position, let passage = cited["content"]?.elements {
            let end = passage.reduce(start) { $0 + ($1["text"]?.string?.unicodeScalars.count ?? 0) }
            range = start..<end
            position = end
        }
        guard let citations = cited["citations"]?.elements else { return }
        for citation in citations {
            let url = citation["location"]?["web"]?["url"]?.string ?? citation["source"]?.string ?? ""
            annotations.append(URLCitation(url: url, title: citation["title"]?.string ?? "", range: range))
        }
    }

    private mutating func readExtras(_ root: JSONValue) {
        serviceTier = root["serviceTier"]?["type"]?.string
        if let trace = root["trace"], trace.isObject { self.trace = Array(trace.source) }
        if let tokens = Usage.reasoningTokens(in: root["additionalModelResponseFields"]) {
            usage.reasoningTokens = tokens
        }
    }

    /// All texts without a separator; those of cited passages when there are no others.
    private static func text(of message: JSONValue) -> [UInt8] {
        guard let blocks = message["content"]?.elements else { return [] }
        var content: [UInt8] = []
        for block in blocks {
            if let text = block["text"]?.escapedText { content += text }
        }
        guard content.isEmpty else { return content }
        for block in blocks {
            guard let cited = block["citationsContent"]?["content"]?.elements else { continue }
            for part in cited {
                if let text = part["text"]?.escapedText { content += text }
            }
        }
        return content
    }
}

extension ConverseResponse {
    func chatResponse(id: String, created: Int64, model: String) -> ChatResponse {
        var response = ChatResponse(
            id: id, created: created, model: model, escapedContent: escapedContent, finishReason: finishReason,
            usage: usage)
        response.toolCalls = toolCalls
        response.escapedReasoning = escapedReasoning
        response.thinkingBlocks = thinkingBlocks
        response.annotations = annotations
        response.serviceTier = serviceTier
        response.trace = trace
        return response
    }
}
