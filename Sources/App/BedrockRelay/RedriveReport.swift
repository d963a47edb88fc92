import Partitions
import Pipeline

/// What a redrive did, counted for its last words.
struct RedriveReport {
    private struct Left: Hashable {
        var errorType: String
        var reason: Redrive.Reason
    }

    private var moved: [String: Int] = [:]
    private var targets: Set<String> = []
    private var left: [Left: Int] = [:]
    private(set) var movedCount = 0

    mutating func move(_ letter: DeadLetter) {
        moved[letter.errorType, default: 0] += 1
        targets.insert(letter.source.topic)
        movedCount += 1
    }

    mutating func leave(_ letter: DeadLetter?, _ reason: Redrive.Reason) {
        left[Left(errorType: letter?.errorType ?? "unknown", reason: reason), default: 0] += 1
    }

    /// Several lines: what was re-submitted by error type, what was not and why.
    func text(deadLetterTopic: String, isDryRun: Bool) -> String {
        let what = "\(movedCount) dead letter\(movedCount == 1 ? "" : "s")"
        let target = targets.isEmpty ? "" : " to \(targets.sorted().joined(separator: ", "))"
        var lines = [
            isDryRun
                ? "\(deadLetterTopic): \(what) would be re-submitted\(target); nothing was written"
                : "\(deadLetterTopic): \(what) re-submitted\(target)"
        ]
        lines += Self.byCount(moved).map { "  \($0.value)  \($0.key)" }
        let leftCount = left.values.reduce(0, +)
        if leftCount > 0 {
            lines.append("\(leftCount) left where \(leftCount == 1 ? "it is" : "they are")")
            let reasons = left.map { ("\($0.key.errorType): \($0.key.reason.words)", $0.value) }
            lines += Self.byCount(Dictionary(reasons, uniquingKeysWith: +)).map { "  \($0.value)  \($0.key)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func byCount(_ counts: [String: Int]) -> [(key: String, value: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    }
}

extension Redrive.Reason {
    fileprivate var words: String {
        switch self {
        case .foreign: "not written by the relay"
        case .topic(let topic): "came from \(topic), which is not among relay.request_topics or does not exist"
        case .errorType: "not one of the --error-type asked for"
        case .redrivenOften: "re-submitted as often as --max-redrives allows"
        case .tooFarBehind: "too far behind the first letter that is left; redrive or let expire the older ones first"
        }
    }
}
