/// `litellm_params.model` taken apart: `bedrock/` + optional route + optional region segment + model id
/// (Bedrock reference, section 1).
public struct BedrockModelString: Hashable, Sendable {
    /// Route segments that we serve, all through Converse.
    public enum Route: String, CaseIterable, Sendable {
        case converse
        case converseLike = "converse_like"
        /// Spec prefixes of imported models: they choose a request shape elsewhere and are no part of the id.
        case nova
        case nova2 = "nova-2"
        /// Other operations of the same service: answered by Converse as well, which is worth a warning at load.
        case invoke
        case chatCompletions = "chat_completions"

        /// Whether the route asks for another operation than the one we call.
        public var isReplacedByConverse: Bool {
            switch self {
            case .converse, .converseLike, .nova, .nova2: false
            case .invoke, .chatCompletions: true
            }
        }
    }

    public var route: Route?
    /// The region segment, without which the region comes from elsewhere (`region(...)`).
    public var regionSegment: String?
    /// What is sent, percent-encoded as one path segment: plain id, inference profile or whole ARN.
    public var id: String

    /// Route segments that select other AWS APIs.
    private static let unsupportedRoutes: Set<Substring> = [
        "openai", "mantle", "agent", "agentcore", "async_invoke", "claude_platform",
    ]
    private static let prefix = "bedrock/"
    private static let idLimit = 2048

    public init(_ model: String) throws(BedrockModelStringError) {
        guard model.hasPrefix(Self.prefix) else { throw .notBedrock(model) }
        var rest = model.dropFirst(Self.prefix.count)
        if let segment = Self.leadingSegment(of: rest) {
            if Self.unsupportedRoutes.contains(segment) { throw .unsupportedRoute(String(segment)) }
            if let route = Route(rawValue: String(segment)) {
                self.route = route
                rest = rest.dropFirst(segment.count + 1)
            }
        }
        if let segment = Self.leadingSegment(of: rest), Self.isRegion(segment) {
            regionSegment = String(segment)
            rest = rest.dropFirst(segment.count + 1)
        }
        guard !rest.isEmpty, rest.unicodeScalars.count <= Self.idLimit else { throw .invalidLength(model) }
        id = String(rest)
    }

    /// Whether the id names no provider (`bedrock/invalid`): such a call fails locally with 404, as in LiteLLM, whose
    /// samples use it to force a fallback. With a route or a region in front the id is sent, whatever it is.
    public var isUnknownProvider: Bool {
        route == nil && regionSegment == nil && !id.contains { $0 == "." || $0 == ":" || $0 == "/" }
    }

    /// The region that calls go to; first of: `aws_region_name`, region segment, ARN (`model_id` replaces the id),
    /// `AWS_REGION_NAME`, `AWS_REGION`, `AWS_DEFAULT_REGION`, the shared-config profile's, `us-west-2`.
    ///
    /// An explicit `aws_region_name` beats the region in an ARN or path, as in LiteLLM; `impliedRegion` tells when
    /// the two differ.
    public func region(
        parameter: String?, modelID: String? = nil, environment: [String: String], profileRegion: String? = nil
    ) -> String {
        let variables = ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]
        let candidates =
            [parameter, impliedRegion(modelID: modelID)] + variables.map { environment[$0] } + [profileRegion]
        return candidates.lazy.compactMap(\.self).first { !$0.isEmpty } ?? "us-west-2"
    }

    /// The region that the model string, or the ARN in `model_id`, speaks of.
    public func impliedRegion(modelID: String? = nil) -> String? {
        regionSegment ?? Self.arnRegion(modelID ?? id)
    }

    /// The names to look prices and capabilities up under, most specific first: the id without ARN and context
    /// suffixes, then the base model without its inference profile's prefix.
    public var catalogueNames: [String] {
        let name = Self.withoutContextSuffix(Self.withoutARN(id[...]))
        let base = Self.withoutProfilePrefix(name)
        return name == base ? [String(name)] : [String(name), String(base)]
    }

    /// The model itself, whichever way it is reached.
    public var baseModel: String {
        String(Self.withoutProfilePrefix(Self.withoutContextSuffix(Self.withoutARN(id[...]))))
    }
}

/// Why a model string cannot be served.
public enum BedrockModelStringError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another provider's, or without the `bedrock/` prefix.
    case notBedrock(String)
    /// The route selects an AWS API other than Bedrock's runtime.
    case unsupportedRoute(String)
    /// The model id is empty or longer than Bedrock takes.
    case invalidLength(String)

    public var description: String {
        switch self {
        case .notBedrock(let model): "\"\(model)\" is not a Bedrock model, expected bedrock/<model id>"
        case .unsupportedRoute(let route):
            "route \"\(route)/\" is not supported, expected bedrock/[converse/]<model id>"
        case .invalidLength: "the model id must have 1 to 2048 characters"
        }
    }
}

extension BedrockModelString {
    private static func leadingSegment(of path: Substring) -> Substring? {
        path.firstIndex(of: "/").map { path[..<$0] }
    }

    /// Whether `text` looks like `^[a-z]{2,4}(-[a-z]+)+-\d$`. LiteLLM keeps a list, and sends a region it does not
    /// know as part of the model id.
    static func isRegion(_ text: Substring) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 3, let first = parts.first, let last = parts.last, (2...4).contains(first.count) else {
            return false
        }
        let isWord = { (part: Substring.UTF8View) in
            !part.isEmpty && part.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        }
        return parts.dropLast().allSatisfy(isWord) && last.count == 1 && last.allSatisfy(isDigit)
    }

    private static func arnRegion(_ id: String) -> String? {
        guard id.hasPrefix("arn:") else { return nil }
        let fields = id.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        guard fields.count > 3, !fields[3].isEmpty else { return nil }
        return String(fields[3])
    }

    private static func withoutARN(_ id: Substring) -> Substring {
        guard id.hasPrefix("arn:"), let slash = id.lastIndex(of: "/") else { return id }
        return id[id.index(after: slash)...]
    }

    /// Drops what names a context length: `[1m]`, or `:51k` after the version's `:0`.
    private static func withoutContextSuffix(_ id: Substring) -> Substring {
        var id = id
        if id.last == "]", let bracket = id.lastIndex(of: "[") { id = id[..<bracket] }
        guard id.last == "k", let colon = id.lastIndex(of: ":"),
            isNumber(id[id.index(after: colon)...].dropLast()),
            let version = id[..<colon].lastIndex(of: ":"), isNumber(id[id.index(after: version)..<colon])
        else { return id }
        return id[..<colon]
    }

    private static func withoutProfilePrefix(_ id: Substring) -> Substring {
        let prefixes = ["global.", "us.", "eu.", "apac.", "jp.", "au.", "in.", "us-gov."]
        return prefixes.first(where: id.hasPrefix).map { id.dropFirst($0.count) } ?? id
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
