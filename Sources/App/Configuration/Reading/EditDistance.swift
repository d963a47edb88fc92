/// How many characters must be inserted, removed, replaced or swapped to get from one word to another.
public enum EditDistance {
    static func between(_ first: String, _ second: String) -> Int {
        let (left, right) = (Array(first), Array(second))
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var row = [i + 1]
            for (j, other) in right.enumerated() {
                var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (character == other ? 0 : 1))
                if i > 0, j > 0, character == right[j - 1], left[i - 1] == other {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }

    /// The candidate that `word` was most likely meant to be: at most a third of it may differ.
    public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        guard word.utf8.count <= 128 else { return nil }
        let word = word.lowercased()
        let ranked = candidates.map { (name: $0, distance: between(word, $0.lowercased())) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance <= max(1, best.name.count / 3) ? best.name : nil
    }
}
