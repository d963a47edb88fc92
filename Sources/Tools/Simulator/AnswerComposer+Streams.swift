extension AnswerComposer {
    /// Writes the head of a streamed answer; what comes back writes the rest.
    mutating func beginStream(
        _ step: ModelScript.Step, of model: borrowing PlayedModel, _ call: ConverseCall, latency: Duration,
        closes: Bool, into out: inout [UInt8]
    ) -> StreamPlay {
        let script = model.script
        writeStreamHead(closes: closes, into: &out)
        var content = StreamPlay.Content()
        switch script.text {
        case .fixed: content.words = StreamPlay.Content.words(model.textJSON)
        case .echo: content.words = StreamPlay.Content.words(call.echo)
        }
        content.textCount = script.streamTokens ?? content.words.count
        if let reasoning = script.reasoning { content.reasoning = StreamPlay.Content.words(Self.escaped(reasoning)) }
        if let tool = script.tool {
            content.tool = (Self.escaped(tool.name), StreamPlay.Content.words(Self.escaped(tool.input)))
        }
        content.stopReason = Self.escaped(script.effectiveStopReason)
        content.inputTokens = script.inputTokens.tokens(forBytes: call.body.count)
        content.outputTokens =
            switch script.outputTokens {
            case .fixed(let count): count
            case .estimated: max(1, content.textCount)
            }
        content.latencyMilliseconds = max(1, latency.wholeMilliseconds)
        content.exceptionMessage = Self.escaped(script.errorMessage ?? BedrockFailure(status: 500).message)
        return StreamPlay(content, step, delay: script.streamDelay.nanoseconds)
    }

    private static func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(jsonText: text)
        return bytes
    }
}

extension ModelScript.Step {
    /// Whether ConverseStream answers with a stream, sound or not.
    var beginsStream: Bool {
        switch self {
        case .answer(200, _), .malformedBody(200), .truncatedBody(200), .resetMidBody, .streamFault: true
        case .answer, .malformedBody, .truncatedBody, .emptyBody, .htmlBody, .hang, .reset: false
        }
    }
}
