/// Decides and writes the answer to one request: finds the operation, checks who asks, plays the model's script.
struct Responder {
    private let state: SimulatorState
    private let signatures: BedrockSimulator.SignatureCheck
    private var composer = AnswerComposer()
    private var model: [UInt8] = []

    init(state: SimulatorState, signatures: BedrockSimulator.SignatureCheck) {
        self.state = state
        self.signatures = signatures
    }

    /// Brings the Date header up to date; once per turn of the loop is enough.
    mutating func setTime(unixSeconds: Int) { composer.setTime(unixSeconds: unixSeconds) }

    mutating func answer(_ head: RequestHead, body: Bytes, into out: inout [UInt8]) -> Reaction {
        guard let operation = Operation(method: head.method, target: head.target, model: &model) else {
            return refuse(.unknownOperation, closes: head.wantsClose, into: &out)
        }
        switch operation {
        case .converse: return converse(head, body: body, isStream: false, into: &out)
        case .converseStream: return converse(head, body: body, isStream: true, into: &out)
        case .setScript: setScript(body.text, into: &out)
        case .readJournal(let entries): readJournal(entries: entries, into: &out)
        case .clearJournal:
            state.clearJournal()
            composer.write(page: [], status: 200, contentType: "text/plain", into: &out)
        }
        return Reaction()
    }

    /// Refuses a request. `closes`: the connection ends, and the client is told so.
    mutating func refuse(_ refusal: Refusal, closes: Bool, into out: inout [UInt8]) -> Reaction {
        composer.write(refusal, closes: closes, into: &out)
        return Reaction(ending: closes ? .close : .keepAlive)
    }

    private mutating func converse(
        _ head: RequestHead, body: Bytes, isStream: Bool, into out: inout [UInt8]
    ) -> Reaction {
        let unixTime = Clock.unix
        let converse = ConverseBody(body)
        var refusal = signatures.refusal(of: head.signature, unixSeconds: Int(unixTime / 1_000_000_000))
        if refusal == nil, converse == nil { refusal = .badBody }
        return model.withUnsafeBytes { model in
            let call = ConverseCall(
                model: model, signature: head.signature, body: body,
                echo: converse?.lastUserText ?? Bytes(start: nil, count: 0), unixTime: unixTime,
                wantsClose: head.wantsClose, isStream: isStream)
            guard let refusal else { return state.play(call, with: &composer, into: &out) }
            state.record(refusal, of: call)
            composer.write(refusal, closes: head.wantsClose, into: &out)
            return Reaction(ending: head.wantsClose ? .close : .keepAlive)
        }
    }
}

/// A Converse request, as far as the books need it.
struct ConverseCall {
    let model: Bytes
    let signature: SignatureHeaders
    let body: Bytes
    /// The last user text, escaped as it came.
    let echo: Bytes
    let unixTime: Int64
    let wantsClose: Bool
    let isStream: Bool
}

extension BedrockSimulator.SignatureCheck {
    fileprivate func refusal(of headers: SignatureHeaders, unixSeconds: Int) -> Refusal? {
        switch self {
        case .off: nil
        case .shape: headers.refusal(maximumSkew: nil, now: unixSeconds)
        case .shapeAndDate(let maximumSkew): headers.refusal(maximumSkew: maximumSkew, now: unixSeconds)
        }
    }
}

extension Responder {
    private mutating func setScript(_ text: String, into out: inout [UInt8]) {
        do throws(ScriptError) {
            state.set(try ScriptEntry.list(text: text))
            composer.write(page: [], status: 200, contentType: "text/plain", into: &out)
        } catch {
            composer.write(page: Array("\(error)\n".utf8), status: 400, contentType: "text/plain", into: &out)
        }
    }

    private mutating func readJournal(entries: Bool, into out: inout [UInt8]) {
        guard !entries || state.keepsEntries else {
            let advice = Array("entries are not kept: start the simulator with --keep-journal\n".utf8)
            composer.write(page: advice, status: 404, contentType: "text/plain", into: &out)
            return
        }
        let journal = state.snapshot()
        var page: [UInt8] = []
        if entries {
            for entry in journal.entries { page.append(entry) }
        } else {
            page.append(journal)
        }
        composer.write(
            page: page, status: 200, contentType: entries ? "application/x-ndjson" : "application/json", into: &out)
    }
}
