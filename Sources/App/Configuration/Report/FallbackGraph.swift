import Routing

/// Which group falls back to which, and what is wrong with that.
struct FallbackGraph {
    private let targets: [String: [String]]
    private let aliases: [String: String]

    init(_ lists: [RouterSettings.FallbackList], aliases: [String: String]) {
        targets = Dictionary(lists.map { ($0.group, $0.targets) }) { first, _ in first }
        self.aliases = aliases
    }

    /// Findings about `lists`, which the setting `key` holds.
    func findings(_ lists: [RouterSettings.FallbackList], key: String) -> [String] {
        var findings: [String] = []
        var seen: Set<String> = []
        for list in lists {
            if !seen.insert(list.group).inserted {
                findings.append("\(key): \(list.group) has two lists, only the first one counts")
            }
            if list.targets.isEmpty { findings.append("\(key): the list of \(list.group) is empty") }
            for target in list.targets {
                if resolve(target) == resolve(list.group) {
                    findings.append("\(key): \(list.group) falls back to itself, which can never help")
                }
            }
        }
        for cycle in cycles(from: lists.map(\.group)) {
            findings.append(
                "\(key): \(cycle.joined(separator: " > ")) is a cycle; each group is tried once per request")
        }
        return findings
    }

    private func resolve(_ name: String) -> String { aliases[name] ?? name }

    /// Every cycle of two groups or more once, beginning with the group that is listed first.
    private func cycles(from starts: [String]) -> [[String]] {
        var found: [[String]] = []
        var reported: Set<Set<String>> = []
        for start in starts {
            guard let path = path(from: start, backTo: start), reported.insert(Set(path.map(resolve))).inserted else {
                continue
            }
            found.append(path)
        }
        return found
    }

    /// The shortest way from `start` through fallbacks back to it, by breadth-first search.
    private func path(from start: String, backTo end: String) -> [String]? {
        var paths = [[start]]
        var visited: Set<String> = []
        while !paths.isEmpty {
            var longer: [[String]] = []
            for path in paths {
                let last = path.last ?? start
                for next in targets[last] ?? targets[resolve(last)] ?? [] where next != last {
                    if resolve(next) == resolve(end), path.count > 1 { return path + [end] }
                    if visited.insert(resolve(next)).inserted { longer.append(path + [next]) }
                }
            }
            paths = longer
        }
        return nil
    }
}
