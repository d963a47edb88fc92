import EventLoop
import HTTP
import Redaction
import Time

/// The Security Token Service: roles assumed with other keys or with a web identity token.
extension CredentialFetcher {
    /// An error answer of STS.
    struct STSError: Error {
        /// Nil: no answer, or none of STS's making.
        var code: String?
        var failure: CredentialFailure
    }

    private static let attempts = 3
    private static let timeout = Duration.seconds(5)
    /// How long one identity waits for the one it builds on.
    private static let baseTimeout = Duration.seconds(30)
    private static let contentType = "application/x-www-form-urlencoded; charset=utf-8"
    private static let expiredCodes: Set<String> = ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"]
    private static let retriedCodes: Set<String> = [
        "IDPCommunicationError", "Throttling", "ThrottlingException", "RequestLimitExceeded",
        "TooManyRequestsException",
    ]
    /// What a role is cut down to where LiteLLM does the same: what calling a model takes.
    private static let policy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["bedrock:InvokeModel",\
        "bedrock:InvokeModelWithResponseStream","bedrock:ApplyGuardrail"],"Resource":"*"}]}
        """

    func assume(
        _ role: AssumedRole, from store: CredentialStore
    ) async throws(CredentialFailure) -> FetchedCredentials {
        let base = store.identity(for: role.base)
        var keys = try await base.credentials(within: Self.baseTimeout)
        if role.isSkippedIfCurrent, role.tags.isEmpty, await isCurrent(role, with: keys.credentials) { return keys }
        var isSecondTry = false
        while true {
            do throws(STSError) {
                let answer = try await call(
                    "AssumeRole", Self.fields(role, now: time.now), at: role.sts, with: keys.credentials)
                return try Self.credentials(in: answer)
            } catch {
                if role.isSkippedIfCurrent, error.code == "AccessDenied", await isCurrent(role, with: keys.credentials)
                {
                    return keys
                }
                guard !isSecondTry, let code = error.code, Self.expiredCodes.contains(code),
                    await base.replace(keys.credentials, within: Self.baseTimeout)
                else { throw error.failure }
            }
            isSecondTry = true
            keys = try await base.credentials(within: Self.baseTimeout)
        }
    }

    func assume(_ identity: WebIdentity) async throws(CredentialFailure) -> FetchedCredentials {
        var isSecondTry = false
        while true {
            let token =
                switch identity.token {
                case .file(let path): try await BlockingWork.token(inFile: path)
                case .text(let text): text
                }
            do throws(STSError) {
                let fields = Self.fields(identity, token, now: time.now)
                let answer = try await call("AssumeRoleWithWebIdentity", fields, at: identity.sts, with: nil)
                return try Self.credentials(in: answer)
            } catch {
                // The file may just have been rotated.
                guard !isSecondTry, case .file = identity.token, let code = error.code,
                    ["ExpiredTokenException", "ExpiredToken", "InvalidIdentityToken"].contains(code)
                else { throw error.failure }
            }
            isSecondTry = true
        }
    }

    /// Whether the keys already are those of the role: then nobody needs to be allowed to assume itself.
    private func isCurrent(_ role: AssumedRole, with keys: Credentials) async -> Bool {
        do throws(STSError) {
            let answer = try await call("GetCallerIdentity", [], at: role.sts, with: keys)
            return XMLText.element("Arn", in: answer.body).map { Self.isSession($0, of: role.roleARN) } ?? false
        } catch {
            return false  // AssumeRole will say what is wrong
        }
    }

    /// `arn:aws:sts::1:assumed-role/name/session` is a session of `arn:aws:iam::1:role/path/name`.
    nonisolated static func isSession(_ caller: String, of roleARN: String) -> Bool {
        let session = caller.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        let role = roleARN.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard session.count == 6, role.count == 6, session[1] == role[1], session[4] == role[4] else { return false }
        let sessionPath = session[5].split(separator: "/")
        let rolePath = role[5].split(separator: "/")
        return sessionPath.count == 3 && sessionPath[0] == "assumed-role" && rolePath.first == "role"
            && sessionPath[1] == rolePath.last
    }

    private static func fields(_ role: AssumedRole, now: Instant) -> [(String, String)] {
        var fields = [("RoleArn", role.roleARN), ("RoleSessionName", role.sessionName ?? defaultSessionName(now))]
        if let seconds = role.durationSeconds { fields.append(("DurationSeconds", "\(seconds)")) }
        if let id = role.externalID { fields.append(("ExternalId", id.reveal())) }
        for (number, tag) in role.tags.enumerated() {
            fields.append(("Tags.member.\(number + 1).Key", tag.key))
            fields.append(("Tags.member.\(number + 1).Value", tag.value))
        }
        return fields
    }

    private static func fields(_ identity: WebIdentity, _ token: Secret, now: Instant) -> [(String, String)] {
        var fields = [
            ("RoleArn", identity.roleARN), ("RoleSessionName", identity.sessionName ?? defaultSessionName(now)),
            ("WebIdentityToken", token.reveal()),
        ]
        if let seconds = identity.durationSeconds { fields.append(("DurationSeconds", "\(seconds)")) }
        if identity.isLimitedToBedrock { fields.append(("Policy", policy)) }
        return fields
    }

    private static func defaultSessionName(_ now: Instant) -> String {
        "litellm-session-\(now.unixMilliseconds / 1000)"
    }

    private static func credentials(in answer: HTTPResponse) throws(STSError) -> FetchedCredentials {
        let text = { (name: String) in XMLText.element(name, in: answer.body) }
        guard let id = text("AccessKeyId"), let secret = text("SecretAccessKey"), let token = text("SessionToken"),
            let expiration = text("Expiration").flatMap(Timestamp.instant)
        else { throw STSError(failure: CredentialFailure(.unavailable, "STS: the answer holds no credentials")) }
        do throws(CredentialFailure) {
            return try FetchedCredentials(
                Credentials(accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: Secret(token)), expiration,
                "STS")
        } catch {
            throw STSError(failure: error)
        }
    }
}

extension CredentialFetcher {
    /// One operation of the query protocol; unsigned without keys. A clock that is off is corrected once.
    private func call(
        _ action: String, _ fields: [(String, String)], at sts: STSEndpoint, with keys: Credentials?
    ) async throws(STSError) -> HTTPResponse {
        let all = [("Action", action), ("Version", "2011-06-15")] + fields
        let body = Array(all.map { "\($0)=\(PercentEncoding.segment($1))" }.joined(separator: "&").utf8)
        var response = try await post(body, to: sts, with: keys)
        if response.status == 200 { return response }
        if keys != nil,
            clockSkew.correct(for: Self.serviceError(response, time.now), from: sts.endpoint.host, now: time.now) != nil
        {
            response = try await post(body, to: sts, with: keys)
            if response.status == 200 { return response }
        }
        let code = XMLText.element("Code", in: response.body)
        let reason = code ?? "HTTP status \(response.status)"
        // The text of a refused signature quotes what was signed.
        let isQuotation = code.map(BedrockErrors.signatureCodes.contains) ?? true
        let message = isQuotation ? nil : XMLText.element("Message", in: response.body)
        throw STSError(
            code: code,
            failure: CredentialFailure(
                .unavailable, "STS \(action): \(reason)" + (message.map { ": \($0.prefix(500))" } ?? "")))
    }

    private func post(
        _ body: [UInt8], to sts: STSEndpoint, with keys: Credentials?
    ) async throws(STSError) -> HTTPResponse {
        var headers = ["Content-Type: \(Self.contentType)"]
        if let keys {
            let target = SigningTarget(
                host: sts.endpoint.host, path: sts.path, contentType: Self.contentType, region: sts.region,
                service: "sts")
            let instant = clockSkew.time(at: sts.endpoint.host, now: time.now)
            headers = signer.headers(signing: body, for: target, with: keys, at: instant)
        }
        let request = HTTPRequest(.post, url: sts.url, headers: headers, body: body, timeout: Self.timeout)
        do throws(CredentialFailure) {
            return try await send(request, attempts: Self.attempts, pause: .milliseconds(500), from: "STS") {
                !Self.isWorthAnotherTry($0)
            }
        } catch {
            throw STSError(failure: error)
        }
    }

    private static func isWorthAnotherTry(_ response: HTTPResponse) -> Bool {
        if response.status >= 500 || response.status == 429 { return true }
        guard response.status != 200 else { return false }
        return XMLText.element("Code", in: response.body).map(retriedCodes.contains) ?? false
    }

    /// In the terms of Bedrock's errors, for the clock.
    private static func serviceError(_ response: HTTPResponse, _ now: Instant) -> ServiceError {
        var error = ServiceError(response, now: now)
        error.code = XMLText.element("Code", in: response.body)
        return error
    }
}
