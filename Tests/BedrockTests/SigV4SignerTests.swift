import JSON
import Redaction
import Testing
import Time

@testable import Bedrock

@Suite struct SigV4SignerTests {
    /// One recorded signature of botocore's.
    struct Vector: CustomTestStringConvertible {
        var value: JSONValue
        var testDescription: String { value["name"]?.string ?? "" }

        func text(_ key: String) throws -> String { try #require(value[key]?.string) }

        var credentials: Credentials {
            get throws {
                Credentials(
                    accessKeyID: try text("access_key_id"), secretAccessKey: Secret(try text("secret_access_key")),
                    sessionToken: value["session_token"]?.string.map { Secret($0) })
            }
        }

        /// Signed by themselves, or never.
        private static let notAdded: Set = ["Content-Type", "X-Amz-Date", "X-Amz-Security-Token", "User-Agent"]

        var target: SigningTarget {
            get throws {
                let headers = try #require(value["request_headers"]).members.map {
                    (name: $0.key.string ?? "", value: $0.value.string ?? "")
                }
                let contentType = try #require(headers.first { $0.name == "Content-Type" }).value
                return SigningTarget(
                    host: try text("host_header"), path: try text("request_path"), contentType: contentType,
                    signedHeaders: headers.filter { !Self.notAdded.contains($0.name) }, region: try text("region"),
                    service: try text("service"))
            }
        }
    }

    static var vectors: [Vector] {
        let vectors = (try? Fixtures.json("sigv4-vectors"))?["vectors"]
        return vectors.map { $0.elements.map { Vector(value: $0) } } ?? []
    }

    @Test func `all eleven recorded vectors are there`() {
        #expect(Self.vectors.count == 11)
    }

    @Test(arguments: vectors)
    func `a request is signed as botocore signs it`(_ vector: Vector) throws {
        let headers = SigV4Signer().headers(
            signing: Array(try vector.text("body_utf8").utf8), for: try vector.target, with: try vector.credentials,
            at: try Instant(signingTime: vector.text("amz_date")))

        #expect(headers.contains("Authorization: \(try vector.text("authorization"))"))
        #expect(headers.contains("X-Amz-Date: \(try vector.text("amz_date"))"))
        let token = vector.value["session_token"]?.string
        #expect(
            headers.filter { $0.hasPrefix("X-Amz-Security-Token: ") }
                == (token.map { ["X-Amz-Security-Token: \($0)"] } ?? []))
    }

    @Test func `one signer signs all vectors in turn, whatever it has cached`() throws {
        let signer = SigV4Signer()
        for vector in Self.vectors + Self.vectors.reversed() {
            let headers = signer.headers(
                signing: Array(try vector.text("body_utf8").utf8), for: try vector.target,
                with: try vector.credentials, at: try Instant(signingTime: vector.text("amz_date")))
            #expect(headers.contains("Authorization: \(try vector.text("authorization"))"))
        }
    }

    @Test func `another secret under the same key id signs differently`() throws {
        let vector = try #require(Self.vectors.first)
        let signer = SigV4Signer()
        let instant = try Instant(signingTime: vector.text("amz_date"))
        var credentials = try vector.credentials
        let first = signer.headers(signing: [], for: try vector.target, with: credentials, at: instant)

        credentials.secretAccessKey = Secret("another")
        let second = signer.headers(signing: [], for: try vector.target, with: credentials, at: instant)

        #expect(first.last != second.last)
    }

    @Test(arguments: vectors.filter { $0.value["model_id"]?.string != nil })
    func `an endpoint and a model id make the recorded path`(_ vector: Vector) throws {
        let url = try vector.text("url")
        let path = try vector.text("request_path")
        let base = String(url.dropLast(path.count))
        let prefix = path.hasPrefix("/bedrock/") ? "/bedrock/" : "/"
        let endpoint = try Endpoint(parsing: base + prefix, key: "api_base")
        let operation = try #require(path.split(separator: "/").last)

        let made = endpoint.path(modelID: try vector.text("model_id"), operation: String(operation))

        #expect(made == path)
        #expect(endpoint.url(path: made) == url)
        #expect(endpoint.host == (try vector.text("host_header")))
        #expect(PercentEncoding.canonicalPath(made) == (try vector.text("canonical_path")))
    }
}
