import JSON

/// A routing event as the demo shows it, read back from the metrics topic like any other reader would.
struct DemoEvent: Sendable {
    struct Attempt: Sendable {
        var model: String
        var status: Int
        var errorType: String?
        var cooldown: Double?
    }

    var correlationID: String
    var strategy: String
    var model: String?
    var attempts: [Attempt]
    var fallbacks: Int
    var upstreamMilliseconds: Double

    init?(_ bytes: [UInt8]) {
        guard let root = try? JSONDocument(parsing: bytes).root, let id = root["correlation_id"]?.string else {
            return nil
        }
        correlationID = id
        strategy = root["strategy"]?.string ?? "none"
        model = root["deployment"]?["model"]?.string
        fallbacks = root["fallbacks"]?.integer ?? 0
        upstreamMilliseconds = root["latency_ms"]?["upstream"]?.double ?? 0
        attempts =
            root["attempts"].map { attempts in
                attempts.elements.map { attempt in
                    Attempt(
                        model: attempt["model"]?.string ?? "", status: attempt["status"]?.integer ?? 0,
                        errorType: attempt["error_type"]?.string, cooldown: attempt["cooldown_s"]?.double)
                }
            } ?? []
    }

    /// The way to the answer: `invalid 404 (out for 30 s) > claude-3-haiku 200`.
    var path: String {
        attempts.map { attempt in
            let cooldown = attempt.cooldown.map { ", out for \(Int($0)) s" } ?? ""
            let outcome = attempt.status == 200 ? "200" : "\(attempt.status)\(cooldown)"
            return "\(ModelName.short(attempt.model)) \(outcome)"
        }.joined(separator: " > ")
    }
}

/// Model ids, short enough for a line on a terminal.
enum ModelName {
    /// `anthropic.claude-3-haiku-20240307-v1:0` is `claude-3-haiku`.
    static func short(_ id: String) -> String {
        let name = id.split(separator: "/").last.map(String.init) ?? id
        let model = name.split(separator: ".").last.map(String.init) ?? name
        let parts = model.split(separator: "-").prefix { !($0.count == 8 && $0.allSatisfy(\.isNumber)) }
        return parts.map { String($0) }.joined(separator: "-")
    }
}
