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
        let matching = entries.filter { $0.matches(model) }
        return matching.max { $0.precision <= $1.precision && $0 != $1 }
    }
}

/// One model as it is being played.
struct PlayedModel {
    let id: [UInt8]
    let name: String
    private(set) var script: ModelScript
    /// The fixed text, ready for a JSON string; empty for echoes.
    private(set) var textJSON: [UInt8] = []
    var counts: [Outcome: Int] = [:]

    private var position = 0
    private var random: SeededRandom
    private var windowEnd = Int64.min
    private var windowRequests = 0

    /// What became of a request.
    struct Outcome: Hashable {
        /// 0: no answer began.
        let status: Int
        let fault: String?

        init(status: Int, fault: String? = nil) {
            self.status = status
            self.fault = fault
        }

        init(_ step: ModelScript.Step) { self.init(status: step.status ?? 0, fault: step.fault) }

        var label: String {
            guard let fault else { return String(status) }
            return status == 0 ? fault : "\(status) \(fault)"
        }
    }

    init(id: [UInt8], name: String, script: ModelScript) {
        self.id = id
        self.name = name
        self.script = script
        random = SeededRandom(seed: script.seed)
        follow(script)
    }

    func isNamed(_ other: Bytes) -> Bool { id.elementsEqual(other) }

    mutating func follow(_ script: ModelScript) {
        self.script = script
        position = 0
        // Models that share a pattern must not all be slow at the same moment.
        random = SeededRandom(seed: id.withUnsafeBytes { script.seed ^ $0.fingerprint })
        windowEnd = .min
        textJSON = []
        if case .fixed(let text) = script.text { textJSON.append(jsonText: text) }
    }

    mutating func play(now: Int64) -> (step: ModelScript.Step, latency: Duration) {
        if exceedsRateLimit(now: now) { return (.answer(status: 429, errorType: "ThrottlingException"), .zero) }
        let step = script.steps[position]
        if position + 1 < script.steps.count {
            position += 1
        } else if script.repeatsAllSteps {
            position = 0
        }
        return (step, script.latency.sample(using: &random))
    }

    private mutating func exceedsRateLimit(now: Int64) -> Bool {
        guard let limit = script.rateLimit else { return false }
        if now >= windowEnd {
            windowEnd = now + limit.window.nanoseconds
            windowRequests = 0
        }
        windowRequests += 1
        return windowRequests > limit.requests
    }
}
