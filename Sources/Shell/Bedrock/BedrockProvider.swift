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
        let call = try call(request, attempt, limit: attempt.timeout)
        while true {
            // Waiting for keys is rare; an await that does not wait still costs.
            if needsKeys(call) { try await obtainKeys(for: call) }
            let response: HTTPResponse
            do throws(HTTPError) {
                response = try await http.response(of: begin(call))
            } catch {
                throw BedrockErrors.providerError(error)
            }
            if response.isSuccess { return try answer(of: response, to: call) }
            try await repair(call, refusedWith: response)
        }
    }

    public func stream(
        _ request: ChatRequest, _ attempt: Attempt, limit: Duration
    ) async throws(ProviderError) -> any ChatStream {
        let call = try call(request, attempt, limit: limit)
        guard call.isStreamable else {
            var bounded = attempt
            bounded.timeout = min(attempt.timeout, limit)
            return WholeAnswer(try await complete(request, bounded))
        }
        while true {
            if needsKeys(call) { try await obtainKeys(for: call) }
            let refusal: HTTPResponse
            do throws(HTTPError) {
                let stream = try beginStream(call)
                try await stream.untilBegun()
                if isEventStream(stream) { return answer(in: stream, to: call) }
                // Whatever is no event stream is a document that says what went wrong.
                let body = try await stream.rest(limit: Self.documentLimit)
                refusal = HTTPResponse(status: stream.status, headers: stream.headers, body: body)
            } catch {
                throw BedrockErrors.providerError(error)
            }
            try await repair(call, refusedWith: refusal)
        }
    }

    // Not part of `complete` and `stream`, whose frames live as long as their calls and would hold what these need as well.

    @inline(never)
    private func call(_ request: ChatRequest, _ attempt: Attempt, limit: Duration) throws(ProviderError) -> Call {
        try Call(request, attempt, target(of: attempt), start: time.now, limit: limit)
    }

    @inline(never)
    private func begin(_ call: Call) throws(HTTPError) -> HTTPExchange {
        try http.begin(httpRequest(call, call.target.whole))
    }

    @inline(never)
    private func beginStream(_ call: Call) throws(HTTPError) -> HTTPStream {
        try http.beginStream(httpRequest(call, call.target.streamed), idleTimeout: call.attempt.timeout)
    }

    @inline(never)
    private func isEventStream(_ stream: HTTPStream) -> Bool {
        stream.status == 200 && stream.headers["content-type"]?.hasPrefix(Self.eventStream) == true
    }

    @inline(never)
    private func answer(in stream: HTTPStream, to call: Call) -> BedrockStream {
        let target = call.target
        let head = ChatStreamHead(
            id: responseIDs.next().description, created: time.now.unixMilliseconds / 1000, model: target.converse.model)
        return BedrockStream(stream, head, call.form) { [weak self] in self?.note(endOf: $0, target) }
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

    // Rarely called.

    /// Puts right what `call` was refused for, if it may pass then; throws the refusal otherwise.
    @inline(never)
    private func repair(_ call: Call, refusedWith response: HTTPResponse) async throws(ProviderError) {
        let error = ServiceError(response, now: time.now)
        let remaining = call.remaining(now: time.now)
        guard let keys = call.keys, remaining > .zero, await repair(call, keys, error, within: remaining),
            call.remaining(now: time.now) > .zero
        else { throw BedrockErrors.providerError(error) }
    }

    /// Whether the call may pass now, after what it was refused for has been put right.
    private func repair(
        _ call: Call, _ keys: Credentials, _ error: ServiceError, within timeout: Duration
    ) async -> Bool {
        let target = call.target
        if !call.hasRepairedKeys, error.blamesKeys {
            call.hasRepairedKeys = true
            return await credentials.identity(for: target.credentials).replace(keys, within: timeout)
        }
        guard !call.hasRepairedClock, let offset = clockSkew.correct(for: error, from: target.host, now: time.now)
        else { return false }
        call.hasRepairedClock = true
        statistics.clockCorrections += 1
        logger.warning(
            "clock differs from endpoint's",
            ["host": .string(target.host), "offset_s": .double(offset.inSeconds)], limitedBy: target.host)
        return true
    }

    private static let eventStream = "application/vnd.amazon.eventstream"
    /// More of an error document is not read.
    private static let documentLimit = 1 << 20

    private func httpRequest(_ call: Call, _ operation: BedrockTarget.Operation) -> HTTPRequest {
        let body = call.takeBody()
        return HTTPRequest(
            .post, url: operation.url, headers: headers(for: body, operation, call), body: body,
            timeout: call.remaining(now: time.now))
    }

    private func headers(for body: [UInt8], _ operation: BedrockTarget.Operation, _ call: Call) -> [String] {
        switch (operation.authentication, call.keys) {
        case (.bearer(let headers), _): return headers
        case (.signature(let scope), let keys?):
            let instant = clockSkew.time(at: call.target.host, now: time.now)
            return signer.headers(signing: body, for: scope, with: keys, at: instant)
        case (.signature, nil): preconditionFailure("a signed call has waited for its keys")
        }
    }

    /// Whether keys that sign `call` have to be waited for. Those that are there are taken.
    @inline(never)
    private func needsKeys(_ call: Call) -> Bool {
        guard case .signature = call.target.whole.authentication else { return false }
        call.keys = credentials.identity(for: call.target.credentials).ready()
        return call.keys == nil
    }

    @inline(never)
    private func obtainKeys(for call: Call) async throws(ProviderError) {
        do throws(CredentialFailure) {
            let identity = credentials.identity(for: call.target.credentials)
            call.keys = try await identity.credentials(within: call.remaining(now: time.now)).credentials
        } catch {
            throw BedrockErrors.providerError(error)
        }
    }

    @inline(never)
    private func answer(of response: HTTPResponse, to call: Call) throws(ProviderError) -> ChatResponse {
        let converse: ConverseResponse
        do throws(ConverseResponse.Malformation) {
            converse = try ConverseResponse(json: response.body, form: call.form)
        } catch {
            throw BedrockErrors.malformedAnswer(error.description, requestID: response.headers["x-amzn-requestid"])
        }
        if converse.hasUnknownStopReason { statistics.unknownStopReasons += 1 }
        return converse.chatResponse(
            id: responseIDs.next().description, created: time.now.unixMilliseconds / 1000,
            model: call.target.converse.model)
    }
}

/// One call until it is answered.
@RequestPath
private final class Call {
    let target: BedrockTarget
    let form: AnswerForm
    private let request: ChatRequest
    let attempt: Attempt
    private let start: Instant
    private let limit: Duration
    /// Nil once it is sent: what has to be sent again, which is rare, is encoded again.
    private var body: [UInt8]?
    /// Who signs; nil where nothing is signed.
    var keys: Credentials?
    // What has been tried already to make it pass.
    var hasRepairedKeys = false
    var hasRepairedClock = false

    init(
        _ request: ChatRequest, _ attempt: Attempt, _ target: BedrockTarget, start: Instant, limit: Duration
    ) throws(ProviderError) {
        self.request = request
        self.attempt = attempt
        self.target = target
        self.start = start
        self.limit = limit
        do throws(RequestFailure) {
            let converse = try Self.converse(request, attempt, target)
            body = try converse.json()
            form = converse.answerForm
        } catch {
            throw BedrockErrors.providerError(error)
        }
    }

    private static func converse(
        _ request: ChatRequest, _ attempt: Attempt, _ target: BedrockTarget
    ) throws(RequestFailure) -> ConverseRequest {
        try ConverseRequest(
            request, parameterEntry: attempt.parameterEntry, fallbackParameters: attempt.fallbackParameters,
            for: target.converse)
    }

    /// Whether the model can answer it piece by piece.
    var isStreamable: Bool { target.converse.capabilities.streams(withTools: form.toolNames != nil) }

    func remaining(now: Instant) -> Duration { limit - now.since(start) }

    func takeBody() -> [UInt8] {
        if let body = body.take() { return body }
        guard let body = try? Self.converse(request, attempt, target).json() else {
            preconditionFailure("what was encoded once can be encoded again")
        }
        return body
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
