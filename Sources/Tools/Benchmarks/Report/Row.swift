/// One line of the table.
struct Row: Sendable {
    var name: String
    var unit: Unit
    var measured: Figure
    /// What the libraries, or the least that does the job, come to in the same run.
    var floor: Floor?

    struct Floor: Sendable {
        var figure: Figure
        /// What program that is.
        var meaning: String
    }

    init(_ name: String, _ unit: Unit, _ measured: Figure, floor: Figure? = nil, is meaning: String = "") {
        self.name = name
        self.unit = unit
        self.measured = measured
        self.floor = floor.map { Floor(figure: $0, meaning: meaning) }
    }

    var ratio: Double? {
        guard let floor, floor.figure.median > 0 else { return nil }
        return measured.median / floor.figure.median
    }

    var cells: [String] {
        [
            name, unit.text(measured.median), spread, floor.map { unit.text($0.figure.median) } ?? "",
            ratio.map { Unit.fixed($0, 2) } ?? "", floor?.meaning ?? "",
        ]
    }

    private var spread: String {
        guard let spread = measured.spread, measured.median > 0 else { return "" }
        return "+-\(Unit.fixed(spread / measured.median * 100, 0)) %"
    }
}
