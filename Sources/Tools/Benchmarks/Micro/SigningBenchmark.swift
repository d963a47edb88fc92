import Bedrock
import COpenSSL
import Redaction
import Time

/// What signing costs, beside the hashing that the algorithm asks for.
struct SigningBenchmark {
    let stopwatch: Stopwatch

    func rows() -> [Row] {
        let signer = SigV4Signer()
        let target = SigningTarget(
            host: "bedrock-runtime.us-east-1.amazonaws.com", path: "/model/\(Samples.modelID)/converse",
            region: "us-east-1")
        let credentials = Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("not-a-secret"))
        var now = Instant(unixMilliseconds: 1_750_000_000_000)
        let hashing = Hashing()
        let body = Samples.converseRequest
        let figures = stopwatch.compare(
            {
                now = now.advanced(by: .microseconds(100))
                let headers = signer.headers(signing: body, for: target, with: credentials, at: now)
                return headers.count + (headers.last?.utf8.count ?? 0)
            }, to: { hashing.hash(body) })
        return [
            Row(
                "signing, \(body.count) bytes", .microseconds, figures.measured, floor: figures.floor,
                is: "bare SHA-256 and HMAC of as many bytes")
        ]
    }
}

/// SHA-256 of the body and of a canonical request, HMAC of a string to sign: OpenSSL and nothing else.
private final class Hashing {
    private static let canonicalLength = 330
    private static let stringToSignLength = 130

    private let digestAlgorithm: OpaquePointer
    private let digest: OpaquePointer
    private let macAlgorithm: OpaquePointer
    private let mac: OpaquePointer
    private let key = [UInt8](repeating: 7, count: 32)
    private let text = [UInt8](repeating: 65, count: 512)
    private var output = [UInt8](repeating: 0, count: 32)

    init() {
        guard let digestAlgorithm = EVP_MD_fetch(nil, "SHA256", nil), let digest = EVP_MD_CTX_new(),
            let macAlgorithm = EVP_MAC_fetch(nil, "HMAC", nil), let mac = EVP_MAC_CTX_new(macAlgorithm)
        else { preconditionFailure("OpenSSL's default provider has SHA-256 and HMAC") }
        (self.digestAlgorithm, self.digest) = (digestAlgorithm, digest)
        (self.macAlgorithm, self.mac) = (macAlgorithm, mac)
        var name = Array("SHA256".utf8CString)
        OSSL_MAC_PARAM_DIGEST.withCString { key in
            name.withUnsafeMutableBufferPointer { name in
                var parameters = [
                    OSSL_PARAM_construct_utf8_string(key, name.baseAddress, 0), OSSL_PARAM_construct_end(),
                ]
                EVP_MAC_CTX_set_params(mac, &parameters)
            }
        }
    }

    deinit {
        EVP_MD_CTX_free(digest)
        EVP_MD_free(digestAlgorithm)
        EVP_MAC_CTX_free(mac)
        EVP_MAC_free(macAlgorithm)
    }

    func hash(_ body: [UInt8]) -> Int {
        digest(of: body, body.count)
        digest(of: text, Self.canonicalLength)
        var length = 0
        EVP_MAC_init(mac, key, key.count, nil)
        EVP_MAC_update(mac, text, Self.stringToSignLength)
        EVP_MAC_final(mac, &output, &length, output.count)
        return Int(output[0])
    }

    private func digest(of bytes: [UInt8], _ count: Int) {
        var length: UInt32 = 0
        EVP_DigestInit_ex2(digest, digestAlgorithm, nil)
        EVP_DigestUpdate(digest, bytes, count)
        EVP_DigestFinal_ex(digest, &output, &length)
    }
}
