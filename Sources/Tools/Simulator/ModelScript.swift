/// How the simulator plays one model: how long it takes, what it answers, how it fails.
public struct ModelScript: Hashable, Sendable {
    public var latency: LatencyDistribution
    /// What happens to the first request, the second, and so on. Never empty.
    public var steps: [Step]
    /// After the last step: start again. Otherwise the last step is repeated for ever.
    public var repeatsAllSteps: Bool
    public var inputTokens: TokenCount
    public var outputTokens: TokenCount
    public var text: ReplyText
    public var stopReason: String
    /// For failures that name no type of their own; nil: what Bedrock says with that status.
    public var errorType: String?
    /// For failures; nil: what Bedrock says with that status.
    public var errorMessage: String?
    /// Extra headers of failures, such as `retry-after`.
    public var failureHeaders: [Header]
    /// Whether the connection is closed after each answer.
    public var closesConnection: Bool
    /// Requests beyond it are answered 429 and do not use up a step.
    public var rateLimit: RateLimit?
    /// Same seed, same latencies in the same order.
    public var seed: UInt64
    /// A call that follows the text.
    public var tool: Tool?
    /// The model's reasoning, which comes before the text.
    public var reasoning: String?
    /// How many pieces of text a stream has, the text's words again and again; nil: each word once.
    public var streamTokens: Int?
    /// Between a stream's pieces.
    public var streamDelay: Duration

    public init(
        latency: LatencyDistribution = .none, steps: [Step] = [.answer()], repeatsAllSteps: Bool = false,
        inputTokens: TokenCount = .estimated, outputTokens: TokenCount = .estimated,
        text: ReplyText = .fixed("Hello from the simulator."), stopReason: String = "end_turn",
        errorType: String? = nil, errorMessage: String? = nil, failureHeaders: [Header] = [],
        closesConnection: Bool = false, rateLimit: RateLimit? = nil, seed: UInt64 = 0,
        tool: Tool? = nil, reasoning: String? = nil, streamTokens: Int? = nil, streamDelay: Duration = .zero
    ) {
        precondition(!steps.isEmpty, "a script has at least one step")
        self.latency = latency
        self.steps = steps
        self.repeatsAllSteps = repeatsAllSteps
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.text = text
        self.stopReason = stopReason
        self.errorType = errorType
        self.errorMessage = errorMessage
        self.failureHeaders = failureHeaders
        self.closesConnection = closesConnection
        self.rateLimit = rateLimit
        self.seed = seed
        self.tool = tool
        self.reasoning = reasoning
        self.streamTokens = streamTokens
        self.streamDelay = streamDelay
    }

    /// What the answer stops with: a call's own reason, unless the script names another than the usual one.
    var effectiveStopReason: String { tool != nil && stopReason == "end_turn" ? "tool_use" : stopReason }
}

extension ModelScript {
    /// What happens to one request, after the script's latency.
    public enum Step: Hashable, Sendable {
        /// A complete answer: the model's for 200, Bedrock's error document for any other status.
        case answer(status: Int = 200, errorType: String? = nil)
        /// No answer for as long as the client waits.
        case hang
        /// The connection is reset, without an answer.
        case reset
        /// The connection is reset in the middle of the answer's body.
        case resetMidBody
        /// The body ends too early for JSON; the HTTP framing is right.
        case malformedBody(status: Int = 200)
        /// The connection is closed before the declared length is reached.
        case truncatedBody(status: Int = 200)
        /// No body at all.
        case emptyBody(status: Int = 200)
        /// A proxy's HTML page.
        case htmlBody(status: Int = 502)
        /// Goes wrong after so many pieces of content. Whole answers are not concerned.
        case streamFault(StreamFault, after: Int = 0)
    }

    /// What goes wrong within a stream.
    public enum StreamFault: Hashable, Sendable {
        /// The service says so: `throttlingException`.
        case exception(String)
        /// The body ends properly, but before the message does.
        case cut
        /// The body ends properly, but within a frame.
        case tear
        /// Nothing more comes, for as long as the client waits.
        case stall
    }

    /// A tool that the model calls.
    public struct Tool: Hashable, Sendable {
        public var name: String
        /// JSON text.
        public var input: String
        public init(name: String, input: String) {
            self.name = name
            self.input = input
        }
    }

    public enum TokenCount: Hashable, Sendable {
        case fixed(Int)
        /// A quarter of the bytes, at least 1.
        case estimated

        func tokens(forBytes bytes: Int) -> Int {
            switch self {
            case .fixed(let count): count
            case .estimated: max(1, bytes / 4)
            }
        }
    }

    public enum ReplyText: Hashable, Sendable {
        case fixed(String)
        /// The last text of the last user message; empty if there is none.
        case echo
    }

    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// At most `requests` within each window; the first request opens a window.
    public struct RateLimit: Hashable, Sendable {
        public var requests: Int
        public var window: Duration
        public init(requests: Int, window: Duration) {
            self.requests = requests
            self.window = window
        }
    }
}

extension ModelScript.Step {
    /// The status line's number; nil if no answer begins.
    var status: Int? {
        switch self {
        case .answer(let status, _), .malformedBody(let status), .truncatedBody(let status), .emptyBody(let status),
            .htmlBody(let status):
            status
        case .resetMidBody, .streamFault: 200
        case .hang, .reset: nil
        }
    }

    /// What is wrong beyond the status, in the word that scripts use for it.
    var fault: String? {
        switch self {
        case .answer: nil
        case .hang: "hang"
        case .reset: "reset"
        case .resetMidBody: "reset-mid-body"
        case .malformedBody: "malformed"
        case .truncatedBody: "truncated"
        case .emptyBody: "empty"
        case .htmlBody: "html"
        case .streamFault(let fault, _): fault.word
        }
    }
}

extension ModelScript.StreamFault {
    var word: String {
        switch self {
        case .exception: "exception"
        case .cut: "cut"
        case .tear: "tear"
        case .stall: "stall"
        }
    }
}
