import ChatCompletions
import EventLoop
import Metrics
import Partitions

/// Under `exactly_once` all records of an outcome go into one transaction, with the end of their request.
extension OutcomePublisher {
    /// Publishes an answer, or the end of a streamed one. Returns the failure to answer with instead when the reply topic
    /// will never take it.
    @inline(never)
    func publish(
        _ reply: ProducerRecord, of response: ChatResponse, _ progress: RequestProgress, cost: Double?,
        in transactions: OutcomeTransactions
    ) async throws(CancellationError) -> RequestFailure? {
        let event = events.event(of: progress, outcome: .success, status: 200, cost: cost)
        var outcome = TransactionOutcome([.reply: reply, .event: events.record(of: event, progress)])
        outcome.prepend(progress.buffer?.take() ?? [])
        while let (part, reason) = try await refusal(of: outcome, progress, in: transactions) {
            guard part != .reply else {
                progress.stream?.restart()
                return RequestFailure(undeliverable: reason, response)
            }
            outcome.remove(part)
        }
        log.answered(progress)
        events.count(event)
        return nil
    }

    /// Publishes a failure: error reply, dead letter, event; those that are refused are left out, but not both of the
    /// first two.
    @inline(never)
    func publish(
        _ failure: RequestFailure, isInvalid: Bool, _ progress: RequestProgress, in transactions: OutcomeTransactions
    ) async throws(CancellationError) {
        let cost = events.cost(of: progress.trail)
        let event = events.event(
            of: progress, outcome: isInvalid ? .invalid : .error, status: failure.status, cost: cost)
        let reply = makeReply(failure, progress, cost: cost)
        let letter = await deadLetter(for: progress.record, failure, isInvalid: isInvalid)
        var whole = TransactionOutcome([
            .reply: reply, .deadLetter: letter, .event: events.record(of: event, progress),
        ])
        whole.prepend(progress.buffer?.take() ?? [])
        var outcome = whole
        var backoff = Backoff()
        var isShort = false
        while let (part, reason) = try await refusal(of: outcome, progress, in: transactions) {
            if part == .reply, outcome.redirect(.reply, to: defaultTopic) { continue }
            outcome.remove(part)
            if part == .reply, reason.kind == .tooLarge, !isShort {
                outcome.prepend([makeShortReply(failure, progress)])
                isShort = true
            }
            guard outcome.isEmpty(but: .event) else { continue }
            log.notWritten(
                progress, "neither reply nor dead letter can be written", topic: reply.topic, reason: nil)
            try await sleep(for: backoff.next())
            (outcome, isShort) = (whole, false)
        }
        log.failed(progress, failure)
        events.count(event)
    }

    /// Writes `outcome`, however long that takes; nil when it is written, else the part that never will be.
    private func refusal(
        of outcome: TransactionOutcome, _ progress: RequestProgress, in transactions: OutcomeTransactions
    ) async throws(CancellationError) -> (TransactionOutcome.Part, DeliveryError)? {
        guard let id = progress.id else { preconditionFailure("a request under exactly_once has a scheduler's id") }
        var backoff = Backoff()
        while true {
            let refused: (part: TransactionOutcome.Part, error: DeliveryError)
            if let problem = await problem(with: outcome) {
                refused = problem
            } else {
                do throws(OutcomeTransactions.Refusal) {
                    try await transactions.publish(outcome.records, of: id, in: progress.record.source)
                    return nil
                } catch {
                    guard case .record(let index, let reason) = error else { throw CancellationError() }
                    refused = (outcome.part(at: index), reason)
                }
            }
            guard refused.error.kind == .unavailable else {
                log.notWritten(
                    progress, "record refused", topic: outcome.topic(of: refused.part), reason: refused.error.message)
                return refused
            }
            log.notWritten(
                progress, "record not delivered yet", topic: outcome.topic(of: refused.part),
                reason: refused.error.message)
            try await sleep(for: backoff.next())
        }
    }

    /// What is known to be wrong before a transaction is troubled with it: a record to a topic that does not exist would
    /// hold up all others.
    private func problem(with outcome: TransactionOutcome) async -> (TransactionOutcome.Part, DeliveryError)? {
        var asked: Set<ReplyDestination> = []
        for (part, record) in outcome.parts
        where asked.insert(ReplyDestination(topic: record.topic, partition: record.partition)).inserted {
            guard let count = await publisher.partitionCount(of: record.topic) else {
                return (part, DeliveryError(.unavailable, message: "its partitions are not known, or take nothing"))
            }
            if count == 0 { return (part, DeliveryError(.refused, message: "there is no such topic")) }
            if let partition = record.partition, !(0..<count).contains(partition) {
                return (part, DeliveryError(.refused, message: "it has no partition \(partition)"))
            }
        }
        return nil
    }
}

/// The records of one outcome, by what they are for.
struct TransactionOutcome {
    enum Part: Int {
        case reply
        case deadLetter
        case event
    }

    private(set) var parts: [(part: Part, record: ProducerRecord)]

    /// Parts without a record are left out.
    init(_ records: KeyValuePairs<Part, ProducerRecord?>) {
        parts = records.compactMap { part, record in record.map { (part, $0) } }
    }

    var records: [ProducerRecord] { parts.map(\.record) }

    func part(at index: Int) -> Part { parts[index].part }

    func topic(of part: Part) -> String { parts.first { $0.part == part }?.record.topic ?? "" }

    func isEmpty(but part: Part) -> Bool { !parts.contains { $0.part != part } }

    /// Adds the records of a stream before its end, which is the reply.
    mutating func prepend(_ chunks: [ProducerRecord]) {
        parts.insert(contentsOf: chunks.map { (.reply, $0) }, at: 0)
    }

    mutating func remove(_ part: Part) { parts.removeAll { $0.part == part } }

    /// False when it goes there already.
    mutating func redirect(_ part: Part, to topic: String) -> Bool {
        var isRedirected = false
        for index in parts.indices where parts[index].part == part {
            guard parts[index].record.topic != topic || parts[index].record.partition != nil else { continue }
            parts[index].record.topic = topic
            parts[index].record.partition = nil
            isRedirected = true
        }
        return isRedirected
    }
}
