/// Which script each model follows, and how far it has come. A value: the simulator holds it under its lock.
struct ModelBook {
    private var entries: [ScriptEntry]
    private(set) var models: [PlayedModel] = []
    private var indexByFingerprint: [UInt64: Int] = [:]

    init(_ entries: [ScriptEntry]) { self.entries = entries }

    /// The model of this id, met now or before.
    mutating func index(of id: Bytes) -> Int {
        let fingerprint = id.fingerprint
        if let index = indexByFingerprint[fingerprint], models[index].isNamed(id) { return index }
        // Either new, or two ids with one fingerprint: then the second is found the slow way.
        if let index = models.firstIndex(where: { $0.isNamed(id) }) { return index }
        let name = id.text
        models.append(PlayedModel(id: Array(id), name: name, script: entry(for: name)?.script ?? ModelScript()))
        indexByFingerprint[fingerprint] = models.count - 1
        return models.count - 1
    }

    /// Uses up the next step of a model's script.
    mutating func play(_ index: Int, now: Int64) -> (step: ModelScript.Step, latency: Duration) {
        models[index].play(now: now)
    }

    /// Replaces scripts of the same pattern, adds the others; the models they are for start from the first step.
    mutating func set(_ changed: [ScriptEntry]) {
        for entry in changed {
            entries.removeAll { $0.pattern == entry.pattern }
            entries.append(entry)
        }
        let patterns = Set(changed.map(\.pattern))
        for index in models.indices {
            guard let entry = entry(for: models[index].name), patterns.contains(entry.pattern) else { continue }
            models[index].follow(entry.script)
        }
    }

    mutating func count(_ outcome: PlayedModel.Outcome, of index: Int) {
        models[index].counts[outcome, default: 0] += 1
    }

    mutating func clearCounts() {
        for index in models.indices { models[index].counts = [:] }
    }

    /// The entry that describes `model` most closely; of equals the one set last.
    private func entry(for model: String) -> ScriptEntry? {
        if let exact = entries.last(where: { $0.pattern == model }) { return exact }
        var closest: ScriptEntry?
        for entry in entries where entry.matches(model) && entry.precision >= closest?.precision ?? 0 {
            closest = entry
        }
        return closest
    }
}
