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
