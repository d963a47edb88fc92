import ChatCompletions
import Partitions
import Testing

@testable import Pipeline

@Suite struct RedriveTests {
    private static let partition = TopicPartition(topic: "dlq", partition: 0)

    private func redrive(
        errorTypes: Set<String> = [], limit: Int? = nil, maxRedrives: Int = 10,
        topics: [String: Int32] = ["chat.requests": 4], progress: CommittedPosition = CommittedPosition(offset: nil)
    ) -> Redrive {
        Redrive(
            settings: Redrive.Settings(
                topics: topics, errorTypes: errorTypes, limit: limit, maxRedrives: maxRedrives),
            progress: [Self.partition: progress])
    }

    private static let letters = Dictionary(
        uniqueKeysWithValues: RequestFailure.ErrorType.allCases.map {
            ($0, ConsumerRecord.deadLetter(of: .request("{}"), type: $0))
        })

    private func letter(_ offset: Int64, _ type: RequestFailure.ErrorType = .rateLimit) -> ConsumerRecord {
        let letter = Self.letters[type] ?? .request("{}")
        return ConsumerRecord(
            source: letter.source, offset: Offset(offset), timestamp: 0, key: nil, value: letter.value,
            headers: letter.headers)
    }

    /// The offsets that were chosen, and the progress to write with them.
    private func run(_ redrive: inout Redrive, _ letters: [ConsumerRecord]) -> ([Int64], CommittedPosition?) {
        var chosen: [Offset] = []
        for letter in letters where !redrive.isLimitReached {
            if case .submit = redrive.judge(letter) { chosen.append(letter.offset) }
        }
        return (chosen.map(\.rawValue), redrive.submitted([Self.partition: chosen])[Self.partition])
    }

    @Test func `everything is re-submitted, and nothing the next time`() throws {
        let letters = (0..<5).map { letter($0) }
        var first = redrive()
        let (chosen, progress) = run(&first, letters)
        #expect(chosen == [0, 1, 2, 3, 4])
        #expect(progress == CommittedPosition(offset: Offset(5)))

        var second = redrive(progress: try #require(progress))
        #expect(run(&second, [letter(5)]).0 == [5])
    }

    @Test func `what one error type leaves another takes, and what is done stays done`() throws {
        let types: [RequestFailure.ErrorType] = [.server, .rateLimit, .server, .rateLimit, .timeout]
        let letters = types.enumerated().map { letter(Int64($0.offset), $0.element) }
        var first = redrive(errorTypes: ["rate_limit_error"])
        let (chosen, progress) = run(&first, letters)
        #expect(chosen == [1, 3])
        #expect(progress?.offset == Offset(0))

        var second = redrive(errorTypes: ["server_error", "timeout_error"], progress: try #require(progress))
        let (rest, end) = run(&second, letters)
        #expect(rest == [0, 2, 4])
        #expect(end == CommittedPosition(offset: Offset(5)))
    }

    @Test func `a limit is kept, and the next run goes on behind it`() throws {
        let letters = (0..<5).map { letter($0) }
        var first = redrive(limit: 2)
        let (chosen, progress) = run(&first, letters)
        #expect(chosen == [0, 1])
        var second = redrive(limit: 10, progress: try #require(progress))
        #expect(run(&second, Array(letters[2...])).0 == [2, 3, 4])
    }

    @Test func `what is left says why`() {
        func reason(_ record: ConsumerRecord, _ redrive: Redrive) -> Redrive.Reason? {
            var redrive = redrive
            guard case .left(let reason) = redrive.judge(record) else { return nil }
            return reason
        }
        #expect(reason(.request("{}"), redrive()) == .foreign)
        #expect(reason(letter(0), redrive(topics: ["other": 4])) == .topic("chat.requests"))
        #expect(reason(letter(0), redrive(topics: ["chat.requests": 0])) == .topic("chat.requests"))
        #expect(reason(letter(0), redrive(errorTypes: ["server_error"])) == .errorType)
        var headers = RecordHeaders()
        headers.append(DeadLetter.countHeader, text: "3")
        let often = ConsumerRecord.deadLetter(of: .request("{}", with: headers))
        #expect(reason(often, redrive(maxRedrives: 3)) == .redrivenOften)
        #expect(reason(often, redrive(maxRedrives: 4)) == nil)
    }

    /// Every second letter is left: more runs than fit, so in the end the span is what counts.
    @Test func `what could not be remembered is left instead of forgotten`() throws {
        var redrive = redrive(errorTypes: ["rate_limit_error"])
        var progress: CommittedPosition?
        var chosen: [Offset] = []
        for offset in Int64(0)..<30_000 {
            switch redrive.judge(letter(offset, offset % 2 == 0 ? .server : .rateLimit)) {
            case .submit:
                chosen.append(Offset(offset))
            case .left(.tooFarBehind):
                #expect(offset > 20_000)
                progress = redrive.submitted([Self.partition: chosen])[Self.partition]
            case .left, .done: break
            }
            if progress != nil { break }
        }
        let written = try #require(progress)
        #expect(written.metadata.utf8.count <= 4000)
        var next = self.redrive(progress: written)
        guard case .submit = next.judge(letter(0)), case .done = next.judge(letter(1)),
            case .done = next.judge(letter(try #require(chosen.last).rawValue))
        else { return #expect(Bool(false), "the progress does not say what was done") }
    }

    @Test func `a topic made anew starts anew`() {
        var redrive = redrive(progress: CommittedPosition(offset: Offset(100)))
        let (chosen, progress) = run(&redrive, [letter(0), letter(1)])
        #expect(chosen == [0, 1])
        #expect(progress?.offset == Offset(2))
    }
}
