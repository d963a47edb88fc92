import Configuration
import EventLoop
import Glibc
import Kafka
import Logging
import Partitions
import Pipeline
import Time

/// `bedrock-relay redrive`: dead letters back to their request topics, each once.
@RequestPath
struct RedriveCommand {
    private let options: CommandLineOptions.RedriveOptions
    private let configuration: ServiceConfiguration
    private let topic: String
    private let mover: KafkaMover
    private let stop = StopRequest()
    private var report = RedriveReport()
    private let loop = EventLoop.shared

    /// How long the brokers may take for one step before the command gives up.
    private static let patience = Duration.seconds(30)
    private static let progressInterval = Duration.seconds(2)

    static func run(
        _ options: CommandLineOptions.RedriveOptions, _ configuration: ServiceConfiguration
    ) async -> ExitCode {
        if let problem = problem(in: configuration) {
            StandardStreams.write(problem + "\n", to: STDERR_FILENO)
            return .usage
        }
        let logger = Logger(level: .error, format: .text)
        defer { logger.flush() }
        let failure = LastError()
        do {
            let topic = configuration.relay.deadLetterTopic ?? ""  // checked above
            let properties = try MSKTokens.properties(of: configuration, logger: logger)
            let mover = try KafkaMover(
                properties: properties, topic: topic, group: configuration.kafka.redriveGroup,
                logger: logger, onError: { failure.error = $0 })
            var command = RedriveCommand(options: options, configuration: configuration, topic: topic, mover: mover)
            let code = await command.run(failure)
            await mover.close(deadline: EventLoop.shared.now.advanced(by: .seconds(5)))
            return code
        } catch {
            StandardStreams.write("redrive failed: \(error)\n", to: STDERR_FILENO)
            return .failure
        }
    }

    private init(
        options: CommandLineOptions.RedriveOptions, configuration: ServiceConfiguration, topic: String,
        mover: KafkaMover
    ) {
        self.options = options
        self.configuration = configuration
        self.topic = topic
        self.mover = mover
    }

    /// Why this configuration cannot be redriven with; nil when it can.
    private static func problem(in configuration: ServiceConfiguration) -> String? {
        if configuration.relay.deadLetterTopic == nil {
            return "relay.dead_letter_topic is null: there are no dead letters to redrive"
        }
        if configuration.kafka.value(of: "isolation.level") == "read_uncommitted" {
            return "kafka.isolation.level is read_uncommitted, expected read_committed: the consumer would also read "
                + "what an interrupted redrive takes back, and answer it twice"
        }
        return nil
    }

    private mutating func run(_ failure: LastError) async -> ExitCode {
        stop.watchSignals()
        var code = ExitCode.success
        do throws(KafkaError) {
            try await redriveAll()
        } catch {
            // What librdkafka tried in vain says more than that time was up.
            let reason = error.kind == .timedOut ? failure.error ?? error : error
            StandardStreams.write("redrive failed: \(reason)\n", to: STDERR_FILENO)
            code = .failure
        }
        StandardStreams.write(report.text(deadLetterTopic: topic, isDryRun: options.isDryRun), to: STDOUT_FILENO)
        if stop.isRequested {
            StandardStreams.write("stopped by a signal; run it again to go on\n", to: STDERR_FILENO)
        }
        return code
    }
}

// MARK: - The work

extension RedriveCommand {
    /// Letters that are re-submitted in one transaction: enough to be quick, few enough to be done again.
    private struct Batch {
        private static let mostRecords = 500
        private static let mostBytes = 4 << 20

        var records: [ProducerRecord] = []
        var letters: [DeadLetter] = []
        var offsets: [TopicPartition: [Offset]] = [:]
        var bytes = 0

        var isFull: Bool { records.count >= Self.mostRecords || bytes >= Self.mostBytes }
    }

    /// Everything that is in the topic now; letters that come later, of requests that fail again, are for another run.
    private mutating func redriveAll() async throws(KafkaError) {
        if !options.isDryRun { try await mover.fence(deadline: patience) }
        let sources = try await mover.sources(deadline: patience)
        let topics = try await requestTopics()
        var redrive = Redrive(
            settings: Redrive.Settings(
                topics: topics, errorTypes: Set(options.errorTypes), limit: options.limit,
                maxRedrives: options.maxRedrives),
            progress: sources.mapValues(\.progress))
        var ends: [TopicPartition: Offset] = [:]
        var starts: [TopicPartition: Offset] = [:]
        for (partition, source) in sources where source.start < source.offsets.upperBound {
            starts[partition] = source.start
            ends[partition] = source.offsets.upperBound
        }
        try mover.read(from: starts)
        try await work(&redrive, ends, topics)
    }

    private mutating func work(
        _ redrive: inout Redrive, _ ends: [TopicPartition: Offset], _ topics: [String: Int32]
    ) async throws(KafkaError) {
        var open = ends
        var nextProgress = loop.now.advanced(by: Self.progressInterval)
        while !open.isEmpty, !redrive.isLimitReached, !stop.isRequested {
            let batch = nextBatch(&redrive, &open, topics)
            guard !batch.records.isEmpty else {
                if open.isEmpty { break }
                guard await mover.untilReady(deadline: patience) else {
                    throw KafkaError(
                        .timedOut, name: "_TIMED_OUT",
                        message: "no records of \(topic) from the brokers in time, although it has more")
                }
                continue
            }
            let progress = redrive.submitted(batch.offsets)
            if !options.isDryRun {
                try await mover.move(batch.records, progress: progress, deadline: patience)
            }
            for letter in batch.letters { report.move(letter) }
            if loop.now >= nextProgress {
                StandardStreams.write("\(report.movedCount) dead letters so far\n", to: STDERR_FILENO)
                nextProgress = loop.now.advanced(by: Self.progressInterval)
            }
        }
    }

    /// What can be had now, partition after partition; those that are done leave `open`.
    private mutating func nextBatch(
        _ redrive: inout Redrive, _ open: inout [TopicPartition: Offset], _ topics: [String: Int32]
    ) -> Batch {
        var batch = Batch()
        for (partition, end) in open {
            while !batch.isFull, !redrive.isLimitReached {
                guard let record = mover.poll(partition) else {
                    if mover.hasReached(end, in: partition) { open[partition] = nil }
                    break
                }
                if record.offset < end { judge(record, &redrive, &batch, topics) }
                if record.offset.next >= end {
                    open[partition] = nil
                    break
                }
            }
        }
        return batch
    }

    private mutating func judge(
        _ record: ConsumerRecord, _ redrive: inout Redrive, _ batch: inout Batch, _ topics: [String: Int32]
    ) {
        switch redrive.judge(record) {
        case .done: break
        case .left(let reason): report.leave(DeadLetter(record), reason)
        case .submit(let letter):
            let request = letter.request(partitionCount: topics[letter.source.topic] ?? 0, now: loop.now)
            batch.records.append(request)
            batch.letters.append(letter)
            batch.offsets[record.source, default: []].append(record.offset)
            batch.bytes += (request.key?.count ?? 0) + (request.value?.count ?? 0) + request.headers.byteCount
        }
    }

    /// The topics that dead letters may go back to: a header in a topic that others can write to must not choose.
    private func requestTopics() async throws(KafkaError) -> [String: Int32] {
        var topics: [String: Int32] = [:]
        for topic in configuration.relay.requestTopics {
            topics[topic] = try await mover.partitionCount(of: topic, deadline: patience)
        }
        return topics
    }

    private var patience: Instant { loop.now.advanced(by: Self.patience) }
}

extension KafkaMover.Source {
    /// Where to go on, in what the log still holds.
    fileprivate var start: Offset { max(progress.offset ?? offsets.lowerBound, offsets.lowerBound) }
}

extension KafkaSection {
    /// The group that remembers what was redriven, and the transactional id that keeps redrives apart.
    var redriveGroup: String { groupID + ".redrive" }
}

/// The newest error of the brokers.
@RequestPath
private final class LastError {
    var error: KafkaError?
    nonisolated init() {}
}

/// Whether a signal has asked for the end: what is under way is completed first. A second one ends at once, and the
/// next run takes back what was left open.
@RequestPath
private final class StopRequest {
    private(set) var isRequested = false

    nonisolated init() {}

    func watchSignals() {
        RequestPath.task {
            for await number in Signals.stream() where number != SIGHUP {
                if self.isRequested { _exit(ExitCode.failure.rawValue) }
                self.isRequested = true
            }
        }
    }
}
