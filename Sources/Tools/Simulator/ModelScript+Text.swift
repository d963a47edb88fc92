extension ModelScript {
    /// The keys of scripts, in the order in which they are explained.
    public static let keys = [
        "latency", "steps", "repeat", "text", "input-tokens", "output-tokens", "stop-reason", "error-type", "message",
        "header", "rate-limit", "close", "seed", "tool", "reasoning", "stream-tokens", "stream-delay",
    ]

    /// Sets what `key` stands for; the same keys on the command line, in files and over HTTP.
    public mutating func set(_ key: String, to value: String) throws(ScriptError) {
        switch key {
        case "latency":
            latency = try Self.require(LatencyDistribution(value), key, value, "50ms, 20..200ms or 200ms~2s")
        case "steps": steps = try Self.steps(value)
        case "repeat": repeatsAllSteps = try Self.choice(["last": false, "all": true], key, value)
        case "text": text = value == "@echo" ? .echo : .fixed(value)
        case "input-tokens": inputTokens = try Self.tokenCount(key, value)
        case "output-tokens": outputTokens = try Self.tokenCount(key, value)
        case "stop-reason": stopReason = value
        case "error-type": errorType = try Self.headerSafe(key, value)
        case "message": errorMessage = value
        case "header": failureHeaders.append(try Self.header(value))
        case "rate-limit": rateLimit = try Self.rateLimit(value)
        case "close": closesConnection = try Self.choice(["no": false, "yes": true], key, value)
        case "seed": seed = try Self.require(UInt64(value), key, value, "a number")
        case "tool": tool = try Self.tool(value)
        case "reasoning": reasoning = value
        case "stream-tokens":
            streamTokens = try Self.require(Int(value).flatMap { $0 >= 0 ? $0 : nil }, key, value, "a number")
        case "stream-delay":
            streamDelay = try Self.require(Duration(text: value[...]), key, value, "a time, as in 20ms")
        default:
            throw ScriptError(message: "unknown key '\(key)'; expected one of \(Self.keys.joined(separator: ", "))")
        }
    }

    /// Reads `429*2,503/ServiceUnavailableException,hang,200`.
    private static func steps(_ text: String) throws(ScriptError) -> [Step] {
        var steps: [Step] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.filter { $0 != " " }.split(separator: "*", omittingEmptySubsequences: false)
            let count = parts.count == 1 ? 1 : parts.count == 2 ? Int(parts[1]) : nil
            guard let step = Step(text: String(parts[0])), let count, 1...100_000 ~= count else {
                let expected =
                    "a status (200, 429/ThrottlingException), hang, reset, reset-mid-body, malformed, truncated, "
                    + "empty or html (each with /STATUS if need be), exception/TYPE@PIECES, cut@PIECES, tear@PIECES "
                    + "or stall@PIECES, and *COUNT to repeat it"
                throw ScriptError(message: "steps: '\(item)' is not a step; expected \(expected)")
            }
            steps.append(contentsOf: repeatElement(step, count: count))
        }
        return steps
    }

    private static func header(_ text: String) throws(ScriptError) -> Header {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ScriptError(message: "header: '\(text)' is not a header; expected NAME: VALUE")
        }
        let name = try headerSafe("header", String(parts[0]))
        return Header(name: name, value: try headerSafe("header", String(parts[1].drop { $0 == " " })))
    }

    private static func tool(_ text: String) throws(ScriptError) -> Tool {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw ScriptError(message: "tool: '\(text)' is not a call; expected NAME:INPUT with a JSON object as input")
        }
        return Tool(name: parts[0], input: parts[1])
    }

    private static func rateLimit(_ text: String) throws(ScriptError) -> RateLimit {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let requests = Int(parts[0]), requests >= 0, let window = Duration(text: parts[1])
        else {
            throw ScriptError(message: "rate-limit: '\(text)' is not a limit; expected COUNT/TIME, as in 10/60s")
        }
        return RateLimit(requests: requests, window: window)
    }

    private static func tokenCount(_ key: String, _ value: String) throws(ScriptError) -> TokenCount {
        if value == "estimate" { return .estimated }
        return .fixed(try require(Int(value).flatMap { $0 >= 0 ? $0 : nil }, key, value, "a number or estimate"))
    }

    private static func choice(_ choices: [String: Bool], _ key: String, _ value: String) throws(ScriptError) -> Bool {
        try require(choices[value], key, value, choices.keys.sorted().joined(separator: " or "))
    }

    /// A value that goes into a header must not be able to end it.
    private static func headerSafe(_ key: String, _ value: String) throws(ScriptError) -> String {
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw ScriptError(message: "\(key): control characters are not allowed")
        }
        return value
    }

    private static func require<Value>(
        _ value: Value?, _ key: String, _ text: String, _ expected: String
    ) throws(ScriptError) -> Value {
        guard let value else { throw ScriptError(message: "\(key): '\(text)' is not \(expected)") }
        return value
    }
}

extension ModelScript.Step {
    /// Reads one step without its count, such as `429/ThrottlingException`, `html/503` or `hang`.
    fileprivate init?(text: String) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard let word = parts.first else { return nil }
        if let fault = Self.streamFault(text) {
            self = fault
            return
        }
        if let status = Int(word) {
            guard Self.statuses.contains(status) else { return nil }
            self = .answer(status: status, errorType: parts.count == 2 ? parts[1] : nil)
            return
        }
        let status = parts.count == 2 ? Int(parts[1]) : nil
        guard parts.count == 1 || status.map(Self.statuses.contains) == true else { return nil }
        switch (word, status) {
        case ("hang", nil): self = .hang
        case ("reset", nil): self = .reset
        case ("reset-mid-body", nil): self = .resetMidBody
        case ("malformed", _): self = .malformedBody(status: status ?? 200)
        case ("truncated", _): self = .truncatedBody(status: status ?? 200)
        case ("empty", _): self = .emptyBody(status: status ?? 200)
        case ("html", _): self = .htmlBody(status: status ?? 502)
        default: return nil
        }
    }

    /// Reads `exception/throttlingException@3`, `cut@3` or `stall`.
    private static func streamFault(_ text: String) -> Self? {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let pieces = parts.count == 2 ? Int(parts[1]) : 0
        guard let pieces, pieces >= 0 else { return nil }
        switch parts[0] {
        case "cut": return .streamFault(.cut, after: pieces)
        case "tear": return .streamFault(.tear, after: pieces)
        case "stall": return .streamFault(.stall, after: pieces)
        case let word where word.hasPrefix("exception/"):
            let type = word.dropFirst("exception/".count)
            return type.isEmpty ? nil : .streamFault(.exception(String(type)), after: pieces)
        default: return nil
        }
    }

    /// Final statuses that may carry a body.
    private static let statuses = 200...599
}
