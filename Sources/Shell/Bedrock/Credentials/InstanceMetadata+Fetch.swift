import EventLoop
import HTTP
import Time

extension CredentialFetcher {
    /// IMDSv2, or version 1 where the instance knows no session tokens.
    func fetch(_ service: InstanceMetadata) async throws(CredentialFailure) -> FetchedCredentials {
        var headers: [String] = []
        if let token = try await token(of: service) { headers = ["x-aws-ec2-metadata-token: \(token)"] }
        let folder = "meta-data/iam/security-credentials/"
        let role = try await get(folder, of: service, headers)
        let name = String(decoding: role, as: UTF8.self).prefix { !$0.isNewline }
        guard !name.isEmpty else { throw Self.none("the instance has no role") }
        let answer = try await get(folder + PercentEncoding.segment(String(name)), of: service, headers)
        let fetched: FetchedCredentials
        do throws(CredentialFailure) {
            fetched = try FetchedCredentials(json: answer, tokenName: "Token", from: "instance metadata")
        } catch {
            throw Self.none(error.message)
        }
        return extended(fetched)
    }

    /// Nil: version 1 is to be used.
    private func token(of service: InstanceMetadata) async throws(CredentialFailure) -> String? {
        var request = HTTPRequest(
            .put, url: service.url("api/token"), headers: ["x-aws-ec2-metadata-token-ttl-seconds: 21600"],
            timeout: service.timeout)
        request.bypassesProxy = true
        let response: HTTPResponse
        do throws(CredentialFailure) {
            response = try await send(request, attempts: service.attempts, pause: .zero, from: "instance metadata") {
                [200, 400, 403, 404, 405].contains($0.status)
            }
        } catch {
            guard error.kind != .cancelled, service.allowsVersion1 else { throw Self.none(error.message) }
            return nil
        }
        switch response.status {
        case 200:
            let token = String(decoding: response.body, as: UTF8.self)
            guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw Self.none("the session token is unusable")
            }
            return token
        case 400: throw CredentialFailure(.unavailable, "instance metadata: HTTP status 400 for the session token")
        default:
            guard service.allowsVersion1 else { throw Self.none("no session token, HTTP status \(response.status)") }
            return nil
        }
    }

    private func get(
        _ path: String, of service: InstanceMetadata, _ headers: [String]
    ) async throws(CredentialFailure) -> [UInt8] {
        var request = HTTPRequest(.get, url: service.url(path), headers: headers, timeout: service.timeout)
        request.bypassesProxy = true
        let response: HTTPResponse
        do throws(CredentialFailure) {
            response = try await send(request, attempts: service.attempts, pause: .zero, from: "instance metadata") {
                $0.status == 200 && !$0.body.isEmpty
            }
        } catch {
            throw error.kind == .cancelled ? error : Self.none(error.message)
        }
        guard response.status == 200 else { throw Self.none("HTTP status \(response.status)") }
        return response.body
    }

    /// Keys that the service failed to renew keep working for a while, so they are kept, as the SDKs do.
    private func extended(_ fetched: FetchedCredentials) -> FetchedCredentials {
        guard let expiration = fetched.expiration, expiration < time.now.advanced(by: .seconds(600)) else {
            return fetched
        }
        var fetched = fetched
        fetched.expiration = time.now.advanced(by: .seconds(900 + Int.random(in: 120...600)))
        return fetched
    }

    private static func none(_ why: String) -> CredentialFailure {
        CredentialFailure(.missing, why.hasPrefix("instance metadata") ? why : "instance metadata: \(why)")
    }
}
