/// Everything one run has measured, as text.
struct Report: Sendable {
    var rows: [Row] = []
    var goals: [Goal] = []
    /// What could not be measured, and why.
    var failures: [String] = []

    private static let heads = ["what", "measured", "spread", "floor", "ratio", "the floor is"]
    /// Columns of numbers, which end on the same place.
    private static let rightAligned: Set<Int> = [1, 2, 3, 4]

    var text: String {
        let table = [Self.heads] + rows.map(\.cells)
        let widths = Self.heads.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        let lines = table.map { cells in
            let padded = cells.indices.map {
                Self.pad(cells[$0], to: widths[$0], right: Self.rightAligned.contains($0))
            }
            return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
        let rule = String(repeating: "-", count: widths.reduce(0, +) + 2 * (widths.count - 1))
        var paragraphs = [([lines[0], rule] + lines.dropFirst()).joined(separator: "\n")]
        paragraphs += failures.map { "could not be measured: \($0)" }
        if !goals.isEmpty { paragraphs.append("targets: " + goals.map(\.text).joined(separator: "; ")) }
        return paragraphs.joined(separator: "\n\n") + "\n"
    }

    private static func pad(_ text: String, to width: Int, right: Bool) -> String {
        let filler = String(repeating: " ", count: width - text.count)
        return right ? filler + text : text + filler
    }
}
