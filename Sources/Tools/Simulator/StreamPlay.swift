/// One streamed answer on its way: writes event after event, in HTTP's chunked coding, so that a long answer never exists
/// as a whole.
struct StreamPlay {
    /// What is to happen after the event just written.
    enum Next {
        /// The next event, at once.
        case event
        /// The next event, after the script's delay.
        case pause
        /// Nothing more, for as long as the client waits.
        case stall
        case end
    }

    /// What the stream tells: pieces of text as the inside of JSON strings.
    struct Content {
        var reasoning: [[UInt8]] = []
        var words: [[UInt8]] = []
        /// How many pieces of text there are; the words are gone through again and again.
        var textCount = 0
        /// The name of the tool that is called, and its input.
        var tool: (name: [UInt8], input: [[UInt8]])?
        var stopReason: [UInt8] = []
        var inputTokens = 0
        var outputTokens = 0
        var latencyMilliseconds = 0
        var exceptionMessage: [UInt8] = []
    }

    let delay: Int64
    private let content: Content
    private let fault: (ModelScript.StreamFault, after: Int)?
    private let hasBadChecksum: Bool
    private let endsProperly: Bool
    private var phase = Phase.start
    /// Within the phase.
    private var position = 0
    private var block = 0
    private var contentEvents = 0
    private var events = 0

    private enum Phase {
        case start, reasoning, reasoningStop, text, textStop, toolStart, toolInput, toolStop, messageStop, metadata, end
    }

    init(_ content: Content, _ step: ModelScript.Step, delay: Int64) {
        self.content = content
        self.delay = delay
        switch step {
        case .streamFault(let fault, let after): self.fault = (fault, after)
        case .truncatedBody, .resetMidBody: fault = (.cut, 1)
        default: fault = nil
        }
        hasBadChecksum = if case .malformedBody = step { true } else { false }
        switch step {
        case .truncatedBody, .resetMidBody: endsProperly = false
        default: endsProperly = true
        }
    }

    /// Writes the next event, or what ends the stream.
    mutating func writeNext(into out: inout [UInt8]) -> Next {
        if let fault, contentEvents >= fault.after, isContent { return write(fault.0, into: &out) }
        guard let frame = nextFrame() else { return writeEnd(into: &out) }
        var bytes = frame
        if hasBadChecksum && contentEvents == 1 { bytes[bytes.count - 1] ^= 1 }
        Self.write(chunk: bytes, into: &out)
        return isContent && contentEvents > 0 ? .pause : .event
    }

    private func write(_ fault: ModelScript.StreamFault, into out: inout [UInt8]) -> Next {
        switch fault {
        case .exception(let type):
            var payload: [UInt8] = []
            payload.append("{\"message\":\"")
            payload.append(contentsOf: content.exceptionMessage)
            payload.append("\"}")
            Self.write(chunk: EventFrame.exception(type, payload), into: &out)
        case .cut: break
        case .tear:
            let frame = EventFrame.event("contentBlockStop", [])
            Self.write(chunk: Array(frame[..<(frame.count / 2)]), into: &out)
        case .stall: return .stall
        }
        return writeEnd(into: &out)
    }

    private func writeEnd(into out: inout [UInt8]) -> Next {
        if endsProperly { out.append("0\r\n\r\n") }
        return .end
    }

    private static func write(chunk: [UInt8], into out: inout [UInt8]) {
        out.append(contentsOf: String(chunk.count, radix: 16).utf8)
        out.append("\r\n")
        out.append(contentsOf: chunk)
        out.append("\r\n")
    }
}

extension StreamPlay {
    /// Whether the next event carries content, or ends a stream without any.
    private var isContent: Bool {
        switch phase {
        case .reasoning, .text, .toolInput, .messageStop: true
        case .start, .reasoningStop, .textStop, .toolStart, .toolStop, .metadata, .end: false
        }
    }

    private mutating func nextFrame() -> [UInt8]? {
        switch phase {
        case .start:
            enter(content.reasoning.isEmpty ? afterReasoning : .reasoning)
            return event("messageStart") { $0.append("\"role\":\"assistant\"") }
        case .reasoning:
            let piece = content.reasoning[position]
            advance(to: content.reasoning.count, then: .reasoningStop)
            return delta("{\"reasoningContent\":{\"text\":\"", piece, "\"}}")
        case .reasoningStop: return stop(then: afterReasoning)
        case .text:
            let piece = content.words[position % content.words.count]
            advance(to: content.textCount, then: .textStop)
            return delta("{\"text\":\"", piece, "\"}")
        case .textStop: return stop(then: afterText)
        case .toolStart:
            enter(content.tool?.input.isEmpty == false ? .toolInput : .toolStop)
            let (name, block) = (content.tool?.name ?? [], block)
            return event("contentBlockStart") { payload in
                payload.append("\"contentBlockIndex\":")
                payload.append(decimal: block)
                payload.append(",\"start\":{\"toolUse\":{\"toolUseId\":\"tooluse_Sim1\",\"name\":\"")
                payload.append(contentsOf: name)
                payload.append("\"}}")
            }
        case .toolInput:
            let input = content.tool?.input ?? []
            let piece = input[position]
            advance(to: input.count, then: .toolStop)
            return delta("{\"toolUse\":{\"input\":\"", piece, "\"}}")
        case .toolStop: return stop(then: .messageStop)
        case .messageStop:
            enter(.metadata)
            let reason = content.stopReason
            return event("messageStop") { payload in
                payload.append("\"stopReason\":\"")
                payload.append(contentsOf: reason)
                payload.append("\"")
            }
        case .metadata:
            enter(.end)
            return metadata()
        case .end: return nil
        }
    }

    private var afterReasoning: Phase { content.textCount > 0 && !content.words.isEmpty ? .text : afterText }
    private var afterText: Phase { content.tool == nil ? .messageStop : .toolStart }

    private mutating func enter(_ phase: Phase) {
        self.phase = phase
        position = 0
    }

    private mutating func advance(to count: Int, then next: Phase) {
        contentEvents += 1
        position += 1
        if position == count { enter(next) }
    }

    private mutating func delta(_ head: StaticString, _ text: [UInt8], _ tail: StaticString) -> [UInt8] {
        let block = block
        return event("contentBlockDelta") { payload in
            payload.append("\"contentBlockIndex\":")
            payload.append(decimal: block)
            payload.append(",\"delta\":")
            payload.append(head)
            payload.append(contentsOf: text)
            payload.append(tail)
        }
    }

    private mutating func stop(then next: Phase) -> [UInt8] {
        enter(next)
        let ended = block
        block += 1
        return event("contentBlockStop") { payload in
            payload.append("\"contentBlockIndex\":")
            payload.append(decimal: ended)
        }
    }

    private mutating func metadata() -> [UInt8] {
        let content = content
        return event("metadata") { payload in
            payload.append("\"metrics\":{\"latencyMs\":")
            payload.append(decimal: content.latencyMilliseconds)
            payload.append("},\"usage\":{\"inputTokens\":")
            payload.append(decimal: content.inputTokens)
            payload.append(",\"outputTokens\":")
            payload.append(decimal: content.outputTokens)
            payload.append(",\"totalTokens\":")
            payload.append(decimal: content.inputTokens + content.outputTokens)
            payload.append("}")
        }
    }

    /// Bedrock pads every event with a member `p` of changing length.
    private mutating func event(_ type: StaticString, _ write: (inout [UInt8]) -> Void) -> [UInt8] {
        events += 1
        var payload: [UInt8] = [UInt8(ascii: "{")]
        write(&payload)
        payload.append(",\"p\":\"")
        for letter in 0..<(events * 7 % 36) { payload.append(UInt8(ascii: "a") + UInt8(letter % 26)) }
        payload.append("\"}")
        return EventFrame.event(type, payload)
    }
}

extension StreamPlay.Content {
    /// Cuts escaped text into words, each with the blank before it: no escape sequence holds a blank.
    static func words(_ text: some Collection<UInt8>) -> [[UInt8]] {
        var words: [[UInt8]] = []
        for byte in text {
            let beginsWord = byte == UInt8(ascii: " ") && words.last?.last != UInt8(ascii: " ")
            if words.isEmpty || beginsWord { words.append([]) }
            words[words.count - 1].append(byte)
        }
        return words
    }
}
