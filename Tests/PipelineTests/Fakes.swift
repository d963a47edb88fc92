import ChatCompletions
import EventLoop
import Logging
import Metrics
import Partitions
import Pipeline
import ProviderAPI
import Routing
import Time

/// Keeps what it is given; fails as told.
@RequestPath
final class FakePublisher: RecordPublisher {
    private(set) var published: [ProducerRecord] = []
    private(set) var posted: [ProducerRecord] = []
    /// Errors for the next records of a topic, first first.
    var failures: [String: [DeliveryError]] = [:]
    var partitionCounts: [String: Int32] = [:]
    /// Topics whose records are never acknowledged.
    var stalled: Set<String> = []
    private var stalledRecords: [UnsafeContinuation<Void, Never>] = []
    private let changes = Watch()

    nonisolated init() {}

    func publish(_ record: ProducerRecord) async throws(DeliveryError) {
        if var errors = failures[record.topic], !errors.isEmpty {
            let error = errors.removeFirst()
            failures[record.topic] = errors
            throw error
        }
        if stalled.contains(record.topic) { await stall() }
        published.append(record)
        changes.note()
    }

    private func stall() async {
        await withUnsafeContinuation { continuation in
            stalledRecords.append(continuation)
            changes.note()
        }
    }

    var stalledCount: Int { stalledRecords.count }

    /// Lets go what is stalled, and stalls nothing more.
    func release() {
        stalled = []
        for continuation in stalledRecords { continuation.resume() }
        stalledRecords = []
    }

    func untilStalled(_ count: Int) async { await changes.until { self.stalledRecords.count >= count } }

    func post(_ record: ProducerRecord) {
        posted.append(record)
        changes.note()
    }

    func untilPosted(_ count: Int) async { await changes.until { self.posted.count >= count } }

    func partitionCount(of topic: String) async -> Int32? { partitionCounts[topic] ?? 4 }

    func untilPublished(_ count: Int) async { await changes.until { self.published.count >= count } }

    func records(on topic: String) -> [ProducerRecord] { published.filter { $0.topic == topic } }
}

/// Answers with what the test's closure says; counts the calls.
@RequestPath
final class FakeProvider: ChatProvider {
    private(set) var calls: [Attempt] = []
    var answer: @RequestPath (Attempt) async throws(ProviderError) -> ChatResponse = { attempt throws(ProviderError) in
        .sample(model: attempt.model)
    }

    /// What a streamed answer is taken from.
    var stream: @RequestPath (Attempt) async throws(ProviderError) -> FakeStream = { attempt throws(ProviderError) in
        FakeStream([.pieces(["hello"])])
    }

    nonisolated init() {}

    func complete(_ request: ChatRequest, _ attempt: Attempt) async throws(ProviderError) -> ChatResponse {
        calls.append(attempt)
        return try await answer(attempt)
    }

    func stream(
        _ request: ChatRequest, _ attempt: Attempt, limit: Duration
    ) async throws(ProviderError) -> any ChatStream {
        calls.append(attempt)
        return try await stream(attempt)
    }
}

/// Gives its steps one by one, each when the test lets it.
@RequestPath
final class FakeStream: ChatStream {
    enum Step {
        /// Pieces of content that come together.
        case pieces([String])
        case deltas([ChatDelta])
        /// Nothing, until the test says so.
        case gate(Gate)
        case failure(ProviderError)
    }

    let head = ChatStreamHead(id: "chatcmpl-1", created: 1, model: "m")
    let isPausable: Bool
    private var steps: [Step]
    private(set) var conclusion: ChatConclusion?
    private let ending: ChatConclusion

    nonisolated init(
        _ steps: [Step], isPausable: Bool = true,
        conclusion: ChatConclusion = ChatConclusion(
            finishReason: .stop, usage: Usage(promptTokens: 12, completionTokens: 40))
    ) {
        self.steps = steps
        self.isPausable = isPausable
        ending = conclusion
    }

    func next() async throws(ProviderError) -> [ChatDelta]? {
        while !steps.isEmpty {
            switch steps.removeFirst() {
            case .pieces(let texts): return texts.map { .content(escaped: Array($0.utf8)) }
            case .deltas(let deltas): return deltas
            case .gate(let gate): await gate.pass()
            case .failure(let error): throw error
            }
        }
        conclusion = ending
        return nil
    }
}

/// Queues of records by partition; remembers what was committed.
@RequestPath
final class FakeSource: RecordSource {
    private var queues: [TopicPartition: [ConsumerRecord]] = [:]
    private(set) var commits: [[TopicPartition: CommittedPosition]] = []
    private(set) var assigned: [TopicPartition: Offset?] = [:]
    private(set) var unassigned: [TopicPartition] = []
    private(set) var polls = 0
    var positions: [TopicPartition: CommittedPosition] = [:]
    var takesCommits = true
    private let changes = Watch()

    nonisolated init() {}

    func add(_ records: [ConsumerRecord]) {
        for record in records { queues[record.source, default: []].append(record) }
    }

    func queued(_ partition: TopicPartition) -> Int { queues[partition]?.count ?? 0 }

    func poll(_ partition: TopicPartition) -> ConsumerRecord? {
        polls += 1
        guard queues[partition]?.isEmpty == false else { return nil }
        return queues[partition]?.removeFirst()
    }

    func assign(_ partitions: [TopicPartition], from positions: [TopicPartition: Offset]) {
        for partition in partitions { assigned[partition] = .some(positions[partition]) }
    }

    func unassign(_ partitions: [TopicPartition]) { unassigned += partitions }

    func committed(_ partitions: [TopicPartition]) async -> [TopicPartition: CommittedPosition]? { positions }

    func commit(_ positions: [TopicPartition: CommittedPosition]) {
        commits.append(positions)
        changes.note()
    }

    func untilCommits(_ count: Int) async { await changes.until { self.commits.count >= count } }

    func commitAndWait(_ positions: [TopicPartition: CommittedPosition]) async -> Bool {
        commits.append(positions)
        return takesCommits
    }
}

extension ChatResponse {
    static func sample(model: String = "m", finishReason: FinishReason = .stop) -> ChatResponse {
        ChatResponse(
            id: "chatcmpl-1", created: 1, model: model, escapedContent: Array("hello".utf8),
            finishReason: finishReason, usage: Usage(promptTokens: 12, completionTokens: 40))
    }
}

extension ProviderError {
    static func status(_ status: Int, _ failureClass: FailureClass) -> ProviderError {
        ProviderError(
            attempt: AttemptFailure(failureClass, status: status),
            reply: RequestFailure(status: status, type: .server, message: "upstream said \(status)"),
            code: "TestException")
    }
}

extension Deployment {
    static func sample(_ id: String, group: String = "claude-3") -> Deployment {
        var deployment = Deployment(
            id: DeploymentID(id), group: group, model: "bedrock/anthropic.\(id)", modelID: "anthropic.\(id)",
            region: "us-east-1")
        deployment.prices = Deployment.Prices(input: 0.000001, output: 0.000002)
        return deployment
    }
}

/// Always the first.
struct FirstChooser: Chooser {
    func pick(weights: [Double]) -> Int { weights.firstIndex { $0 > 0 } ?? 0 }
    func pick(count: Int) -> Int { 0 }
    func jitter(below bound: Duration) -> Duration { .zero }
}

/// The pipeline over fakes.
@RequestPath
struct PipelineFixture {
    let publisher = FakePublisher()
    let provider = FakeProvider()
    let router: SharedRouter
    let handler: RequestHandler
    let events: RoutingEvents

    init(
        deployments: [Deployment] = [.sample("haiku")], allowed: [String] = ["replies.*"],
        streamFlush: Duration = .zero, streamLimit: Int = 64 << 20, transactions: OutcomeTransactions? = nil,
        configure: (inout RouterSettings) -> Void = { _ in }
    ) {
        var settings = RouterSettings()
        configure(&settings)
        router = SharedRouter(Router(settings: settings, deployments: deployments, chooser: FirstChooser()))
        events = RoutingEvents(
            publisher: publisher, topic: "metrics", instance: "host-1",
            metrics: RelayMetrics(modelGroups: ["claude-3"]))
        let outcomes = OutcomePublisher(
            publisher: publisher, defaultTopic: "replies", deadLetterTopic: "dlq",
            replies: ReplyWriter(),
            deadLetters: DeadLetterWriter(topic: "dlq", consumerGroup: "g", instance: "host-1"), events: events,
            streamFlush: streamFlush, streamLimit: streamLimit, transactions: transactions, logger: .discard)
        handler = RequestHandler(
            settings: RequestHandler.Settings(
                replyTopics: ReplyTopics(
                    defaultTopic: "replies", allowed: allowed, ownTopics: ["chat.requests", "metrics", "dlq"]),
                requestDeadline: .seconds(600)),
            attempts: AttemptRunner(router: router, provider: provider, logger: .discard),
            outcomes: outcomes)
    }

    nonisolated static let body = #"{"model": "claude-3", "messages": [{"role": "user", "content": "hi"}]}"#
}

extension ProducerRecord {
    func text(_ header: String) -> String? { headers.last(header).map { String(decoding: $0, as: UTF8.self) } }
    var valueText: String { String(decoding: value ?? [], as: UTF8.self) }
}
