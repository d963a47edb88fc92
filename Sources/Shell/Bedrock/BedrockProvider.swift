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

    private var targets: BedrockTargets
    private let http: HTTPClient
    private let time: any TimeSource
    private let logger: Logger
    private let signer = SigV4Signer()
    private var credentials: CredentialStore
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
        credentials = CredentialStore(environment: targets.environment, http: http, time: time, logger: logger)
        credentials.serve(targets.credentialSources)
    }

    public convenience init(
        deployments: [BedrockDeployment], environment: [String: String], http: HTTPClient, time: any TimeSource,
        logger: Logger
    ) throws(BedrockConfigurationError) {
        let targets = try BedrockTargets(deployments: deployments, environment: environment)
        self.init(targets: targets, http: http, time: time, logger: logger)
    }

    /// Calls these deployments from now on. Calls under way end as they began; keys of sources that stay are kept.
    public func reconfigure(_ targets: BedrockTargets) {
        if targets.environment != self.targets.environment {
            credentials = CredentialStore(environment: targets.environment, http: http, time: time, logger: logger)
        }
        self.targets = targets
        wildcardTargets.removeAll()
        credentials.serve(targets.credentialSources)
    }

    /// Where a deployment's credentials come from: never a secret.
    public func describeCredentials(of id: DeploymentID) -> String { targets.describeCredentials(of: id) }

    /// Where a deployment's calls go; nil: no such deployment, or one that is never called.
    public func server(of id: DeploymentID) -> (host: String, port: Int)? { targets.server(of: id) }

    public func complete(
        _ request: ChatRequest, _ attempt: Attempt
    ) async throws(ProviderError) -> ChatResponse {
        let target = try target(of: attempt)
        let (body, form) = try Self.body(of: request, attempt, target)
        let answer = try await exchange(body, target.whole, of: target, timeout: attempt.timeout, sendWhole)
        return try response(from: answer, form, target)
    }

    public func stream(
        _ request: ChatRequest, _ attempt: Attempt, limit: Duration
    ) async throws(ProviderError) -> any ChatStream {
        let target = try target(of: attempt)
        let (body, form) = try Self.body(of: request, attempt, target)
        let capabilities = target.converse.capabilities
        guard form.toolNames == nil ? capabilities.streams : capabilities.streamsWithTools else {
            let timeout = min(attempt.timeout, limit)
            let answer = try await exchange(body, target.whole, of: target, timeout: timeout, sendWhole)
            return WholeAnswer(try response(from: answer, form, target))
        }
        let answer = try await exchange(body, target.streamed, of: target, timeout: limit) {
            request throws(HTTPError) in try await self.sendStreamed(request, idleTimeout: attempt.timeout)
        }
        let head = ChatStreamHead(
            id: responseIDs.next().description, created: time.now.unixMilliseconds / 1000, model: target.converse.model)
        return BedrockStream(answer, head, form) { [weak self] in self?.note(endOf: $0, target) }
    }

    private func note(endOf stream: ConverseStreamReader, _ target: BedrockTarget) {
        if stream.hasUnknownStopReason { statistics.unknownStopReasons += 1 }
        guard stream.usage == nil else { return }
        let model = target.converse.model
        logger.warning("stream ended without its usage", ["model": .string(model)], limitedBy: model)
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

    @inline(never)
    private static func body(
        of request: ChatRequest, _ attempt: Attempt, _ target: BedrockTarget
    ) throws(ProviderError) -> (body: [UInt8], form: AnswerForm) {
        do throws(RequestFailure) {
            let converse = try ConverseRequest(
                request, parameterEntry: attempt.parameterEntry, fallbackParameters: attempt.fallbackParameters,
                for: target.converse)
            return (try converse.json(), converse.answerForm)
        } catch {
            throw BedrockErrors.providerError(error)
        }
    }

    /// What has been tried already to make a refused call pass.
    private struct Repairs {
        var clock = false
        var keys = false
    }

    /// What an endpoint sent back.
    private enum Reply<Answer> {
        case answer(Answer)
        /// Says why there is none.
        case refusal(HTTPResponse)
    }

    /// Sends `body`, again when the first was refused because of our clock or of keys that are no longer good.
    private func exchange<Answer>(
        _ body: [UInt8], _ operation: BedrockTarget.Operation, of target: BedrockTarget, timeout: Duration,
        _ send: @RequestPath (HTTPRequest) async throws(HTTPError) -> Reply<Answer>
    ) async throws(ProviderError) -> Answer {
        let start = time.now
        var repairs = Repairs()
        while true {
            // Waiting for keys is rare; an await that does not wait still costs.
            let identity = signer(of: target)
            var keys = identity?.ready()
            if keys == nil, let identity {
                keys = try await self.keys(of: identity, within: timeout - time.now.since(start))
            }
            let reply: Reply<Answer>
            do throws(HTTPError) {
                reply = try await send(
                    request(body, operation, at: target.host, keys, timeout: timeout - time.now.since(start)))
            } catch {
                throw BedrockErrors.providerError(error)
            }
            switch reply {
            case .answer(let answer): return answer
            case .refusal(let response):
                guard let keys else { throw Self.error(response, now: time.now) }
                repairs = try await repair(response, target, keys, repairs, until: start.advanced(by: timeout))
            }
        }
    }

    @inline(never)
    private static func error(_ response: HTTPResponse, now: Instant) -> ProviderError {
        BedrockErrors.providerError(ServiceError(response, now: now))
    }

    // Rarely called, and kept out of frames that live as long as a call: `exchange` has one per request in flight.

    /// Puts right what the call was refused for, if the call may pass then; throws the refusal otherwise.
    @inline(never)
    private func repair(
        _ response: HTTPResponse, _ target: BedrockTarget, _ keys: Credentials, _ repairs: Repairs,
        until deadline: Instant
    ) async throws(ProviderError) -> Repairs {
        let error = ServiceError(response, now: time.now)
        var repairs = repairs
        let remaining = deadline.since(time.now)
        guard remaining > .zero, await repair(error, target, keys, &repairs, within: remaining), time.now < deadline
        else { throw BedrockErrors.providerError(error) }
        return repairs
    }

    /// Whether the call may pass now, after what it was refused for has been put right.
    private func repair(
        _ error: ServiceError, _ target: BedrockTarget, _ keys: Credentials, _ repairs: inout Repairs,
        within timeout: Duration
    ) async -> Bool {
        if !repairs.keys, error.blamesKeys {
            repairs.keys = true
            return await credentials.identity(for: target.credentials).replace(keys, within: timeout)
        }
        guard !repairs.clock, let offset = clockSkew.correct(for: error, from: target.host, now: time.now) else {
            return false
        }
        repairs.clock = true
        statistics.clockCorrections += 1
        logger.warning(
            "clock differs from endpoint's",
            ["host": .string(target.host), "offset_s": .double(offset.inSeconds)], limitedBy: target.host)
        return true
    }

    private func sendWhole(_ request: HTTPRequest) async throws(HTTPError) -> Reply<HTTPResponse> {
        let response = try await http.send(request)
        return response.isSuccess ? .answer(response) : .refusal(response)
    }

    /// Whatever is no event stream is a document that says what went wrong.
    private func sendStreamed(
        _ request: HTTPRequest, idleTimeout: Duration
    ) async throws(HTTPError) -> Reply<HTTPStream> {
        let stream = try await http.stream(request, idleTimeout: idleTimeout)
        if stream.status == 200, stream.headers["content-type"]?.hasPrefix(Self.eventStream) == true {
            return .answer(stream)
        }
        let body = try await stream.rest(limit: Self.documentLimit)
        return .refusal(HTTPResponse(status: stream.status, headers: stream.headers, body: body))
    }

    private static let eventStream = "application/vnd.amazon.eventstream"
    /// More of an error document is not read.
    private static let documentLimit = 1 << 20

    @inline(never)
    private func request(
        _ body: [UInt8], _ operation: BedrockTarget.Operation, at host: String, _ keys: Credentials?,
        timeout: Duration
    ) -> HTTPRequest {
        HTTPRequest(
            .post, url: operation.url, headers: headers(for: body, operation, at: host, keys), body: body,
            timeout: timeout)
    }

    @inline(never)
    private func headers(
        for body: [UInt8], _ operation: BedrockTarget.Operation, at host: String, _ keys: Credentials?
    ) -> [String] {
        switch (operation.authentication, keys) {
        case (.bearer(let headers), _): return headers
        case (.signature(let scope), let keys?):
            let instant = clockSkew.time(at: host, now: time.now)
            return signer.headers(signing: body, for: scope, with: keys, at: instant)
        case (.signature, nil): preconditionFailure("a signed call has waited for its keys")
        }
    }

    /// Whose keys sign; nil: nothing is signed.
    private func signer(of target: BedrockTarget) -> CredentialIdentity? {
        guard case .signature = target.whole.authentication else { return nil }
        return credentials.identity(for: target.credentials)
    }

    /// Waits for keys where there are none that are good yet.
    @inline(never)
    private func keys(
        of identity: CredentialIdentity, within timeout: Duration
    ) async throws(ProviderError) -> Credentials {
        do throws(CredentialFailure) {
            return try await identity.credentials(within: timeout).credentials
        } catch {
            throw BedrockErrors.providerError(error)
        }
    }

    @inline(never)
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

extension ServiceError {
    /// Whether the keys were refused: others may be accepted.
    fileprivate var blamesKeys: Bool {
        guard status == 403, let code else { return false }
        return [
            "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
        ].contains(code)
    }
}
