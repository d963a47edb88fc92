public import ChatCompletions
public import EventLoop
public import HTTP
public import Logging
public import ProviderAPI
public import Routing
public import Time

/// Amazon Bedrock through Converse: request and answer translated, signed, sent, and failures put in routing's terms.
@RequestPath
public final class BedrockProvider: ChatProvider {
    public struct Statistics: Sendable {
        /// Answers whose stop reason was not known and counted as `stop`.
        public var unknownStopReasons = 0
        /// Times an endpoint's clock was found to differ from ours.
        public var clockCorrections = 0
    }

    public private(set) var statistics = Statistics()

    private let targets: BedrockTargets
    private let http: HTTPClient
    private let time: any TimeSource
    private let logger: Logger
    private let signer = SigV4Signer()
    private var clockSkew = ClockSkew()
    private var responseIDs = ResponseIDs()
    /// Models that wildcards were filled in with.
    private var wildcardTargets: [WildcardKey: BedrockTarget] = [:]

    private struct WildcardKey: Hashable {
        var index: Int
        var model: String
    }

    /// Requesters choose what fills a wildcard, so what is kept is bounded.
    private static let wildcardTargetLimit = 1024

    public init(targets: BedrockTargets, http: HTTPClient, time: any TimeSource, logger: Logger) {
        self.targets = targets
        self.http = http
        self.time = time
        self.logger = logger
    }

    public convenience init(
        deployments: [BedrockDeployment], environment: [String: String], http: HTTPClient, time: any TimeSource,
        logger: Logger
    ) throws(BedrockConfigurationError) {
        let targets = try BedrockTargets(deployments: deployments, environment: environment)
        self.init(targets: targets, http: http, time: time, logger: logger)
    }

    /// Where a deployment's credentials come from: never a secret.
    public func describeCredentials(of id: DeploymentID) -> String { targets.describeCredentials(of: id) }

    public func complete(
        _ request: ChatRequest, _ attempt: Attempt
    ) async throws(ProviderError) -> ChatResponse {
        let target = try target(of: attempt)
        let (body, form) = try Self.body(of: request, attempt, target)
        let answer = try await exchange(body, with: target, timeout: attempt.timeout)
        return try response(from: answer, form, target)
    }

    private func target(of attempt: Attempt) throws(ProviderError) -> BedrockTarget {
        guard let index = targets.position(of: attempt.deployment, expected: attempt.deploymentIndex) else {
            throw BedrockErrors.unknownModel(attempt.model)
        }
        if targets.isPrepared(attempt.model, at: index) {
            return try targets.target(at: index, model: attempt.model)
        }
        let key = WildcardKey(index: index, model: attempt.model)
        if let target = wildcardTargets[key] { return target }
        let target = try targets.target(at: index, model: attempt.model)
        if wildcardTargets.count >= Self.wildcardTargetLimit { wildcardTargets.removeAll() }
        wildcardTargets[key] = target
        return target
    }

    private static func body(
        of request: ChatRequest, _ attempt: Attempt, _ target: BedrockTarget
    ) throws(ProviderError) -> (body: [UInt8], form: AnswerForm) {
        do throws(RequestFailure) {
            let converse = try ConverseRequest(
                request, parameterEntry: attempt.parameterEntry, for: target.converse)
            return (try converse.json(), converse.answerForm)
        } catch {
            throw BedrockErrors.providerError(error)
        }
    }

    /// Sends `body`, a second time when the first was refused because of our clock.
    private func exchange(
        _ body: [UInt8], with target: BedrockTarget, timeout: Duration
    ) async throws(ProviderError) -> HTTPResponse {
        let start = time.now
        let first = try await send(body, to: target, timeout: timeout)
        if first.isSuccess { return first }
        let error = ServiceError(first, now: time.now)
        guard case .signature = target.authentication,
            let offset = clockSkew.correct(for: error, from: target.host, now: time.now)
        else { throw BedrockErrors.providerError(error) }
        statistics.clockCorrections += 1
        logger.warning(
            "clock differs from endpoint's",
            ["host": .string(target.host), "offset_s": .double(offset.inSeconds)])

        let remaining = timeout - time.now.since(start)
        guard remaining > .zero else { throw BedrockErrors.providerError(error) }
        let second = try await send(body, to: target, timeout: remaining)
        if second.isSuccess { return second }
        throw BedrockErrors.providerError(ServiceError(second, now: time.now))
    }

    private func send(
        _ body: [UInt8], to target: BedrockTarget, timeout: Duration
    ) async throws(ProviderError) -> HTTPResponse {
        let headers = try headers(for: body, target)
        do throws(HTTPError) {
            return try await http.send(
                HTTPRequest(.post, url: target.url, headers: headers, body: body, timeout: timeout))
        } catch {
            throw BedrockErrors.providerError(error)
        }
    }

    private func headers(for body: [UInt8], _ target: BedrockTarget) throws(ProviderError) -> [String] {
        switch target.authentication {
        case .bearer(let headers): return headers
        case .signature(let scope, let credentials):
            let instant = clockSkew.time(at: target.host, now: time.now)
            return signer.headers(signing: body, for: scope, with: credentials, at: instant)
        case .missing: throw BedrockErrors.missingCredentials
        }
    }

    private func response(
        from answer: HTTPResponse, _ form: AnswerForm, _ target: BedrockTarget
    ) throws(ProviderError) -> ChatResponse {
        let converse: ConverseResponse
        do throws(ConverseResponse.Malformation) {
            converse = try ConverseResponse(json: answer.body, form: form)
        } catch {
            throw BedrockErrors.malformedAnswer(error.description, requestID: answer.headers["x-amzn-requestid"])
        }
        if converse.hasUnknownStopReason { statistics.unknownStopReasons += 1 }
        return converse.chatResponse(
            id: responseIDs.next().description, created: time.now.unixMilliseconds / 1000, model: target.converse.model)
    }
}

extension HTTPResponse {
    fileprivate var isSuccess: Bool { (200..<300).contains(status) }
}
