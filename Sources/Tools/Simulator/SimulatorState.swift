import Synchronization

/// What the simulator's thread shares with its callers: scripts and books under one lock, a few numbers beside it.
final class SimulatorState: Sendable {
    let inFlight = Atomic<Int>(0)
    let connections = Atomic<Int>(0)
    let stopRequested = Atomic<Bool>(false)
    let keepsEntries: Bool

    private let books: Mutex<Books>

    fileprivate struct Books {
        var models: ModelBook
        var journal: Journal
    }

    init(scripts: [ScriptEntry], keepsEntries: Bool, writesFile: Bool) {
        self.keepsEntries = keepsEntries
        let journal = Journal(keepsEntries: keepsEntries, writesFile: writesFile)
        books = Mutex(Books(models: ModelBook(scripts), journal: journal))
    }

    /// Plays the next step of the model's script and writes its answer.
    func play(_ call: ConverseCall, with composer: inout AnswerComposer, into out: inout [UInt8]) -> Reaction {
        books.withLock { books in
            let index = books.models.index(of: call.model)
            let (step, latency) = books.models.play(index, now: Clock.monotonic)
            let closes = call.wantsClose || books.models.models[index].script.closesConnection
            books.record(PlayedModel.Outcome(step), of: index, call)
            var reaction = Reaction(step, latency: latency, closes: closes)
            if call.isStream, step.beginsStream {
                reaction.stream = composer.beginStream(
                    step, of: books.models.models[index], call, latency: latency, closes: closes, into: &out)
            } else {
                composer.write(
                    step, of: books.models.models[index], echo: call.echo, inputBytes: call.body.count,
                    latency: latency, closes: closes, into: &out)
            }
            return reaction
        }
    }

    /// Counts a request that never got to its model.
    func record(_ refusal: Refusal, of call: ConverseCall) {
        books.withLock { books in
            let index = books.models.index(of: call.model)
            books.record(PlayedModel.Outcome(status: refusal.status), of: index, call)
        }
    }

    func recordAbandoned() { books.withLock { $0.journal.recordAbandoned() } }

    func set(_ entries: [ScriptEntry]) { books.withLock { $0.models.set(entries) } }

    func clearJournal() { books.withLock { $0.clear() } }

    func snapshot() -> JournalSnapshot { books.withLock { $0.snapshot } }

    /// Swaps the journal's new lines for `empty`.
    func takeUnwritten(_ empty: inout [UInt8]) { books.withLock { $0.journal.takeUnwritten(&empty) } }
}

extension SimulatorState.Books {
    fileprivate mutating func record(_ outcome: PlayedModel.Outcome, of index: Int, _ call: ConverseCall) {
        models.count(outcome, of: index)
        guard journal.wantsEntries else { return }
        journal.record(
            JournalEntry(
                time: call.unixTime, model: models.models[index].name, region: call.signature.region.text,
                outcome: outcome.label, id: Journal.marker(in: call.body)))
    }

    fileprivate mutating func clear() {
        models.clearCounts()
        journal.clear()
    }

    fileprivate var snapshot: JournalSnapshot {
        var counts: [String: [String: Int]] = [:]
        for model in models.models where !model.counts.isEmpty {
            for (outcome, count) in model.counts { counts[model.name, default: [:]][outcome.label] = count }
        }
        return JournalSnapshot(counts: counts, abandoned: journal.abandoned, entries: journal.entries)
    }
}
