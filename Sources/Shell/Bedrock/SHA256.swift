import COpenSSL

// OpenSSL 3 looks an algorithm up by name whenever a one-shot call is made, which costs more than hashing a small
// text. Both types below look it up once and reuse their context; neither may be shared between threads.

/// SHA-256 through one reused OpenSSL context.
struct SHA256: ~Copyable {
    static let digestLength = 32

    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    init() {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil), let context = EVP_MD_CTX_new() else {
            preconditionFailure("OpenSSL's default provider has SHA-256, and memory for a context")
        }
        self.algorithm = algorithm
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
    }

    /// Writes the digest of `message` to the first 32 bytes of `digest`.
    func hash(_ message: UnsafeRawBufferPointer, into digest: inout [UInt8]) {
        var length: UInt32 = 0
        let succeeded =
            EVP_DigestInit_ex2(context, algorithm, nil) == 1
            && EVP_DigestUpdate(context, message.baseAddress, message.count) == 1
            && EVP_DigestFinal_ex(context, &digest, &length) == 1
        precondition(succeeded && length == Self.digestLength, "hashing bytes in memory cannot fail")
    }
}

/// HMAC-SHA-256 through one reused OpenSSL context.
struct HMACSHA256: ~Copyable {
    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    init() {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(algorithm) else {
            preconditionFailure("OpenSSL's default provider has HMAC, and memory for a context")
        }
        self.algorithm = algorithm
        self.context = context
        // Parameters point to their name and value, which must live until they are set: a string given to a C function
        // lives for that call alone.
        var digestName = Array("SHA256".utf8CString)
        let succeeded = OSSL_MAC_PARAM_DIGEST.withCString { key in
            digestName.withUnsafeMutableBufferPointer { name in
                var parameters = [
                    OSSL_PARAM_construct_utf8_string(key, name.baseAddress, 0), OSSL_PARAM_construct_end(),
                ]
                return EVP_MAC_CTX_set_params(context, &parameters) == 1
            }
        }
        precondition(succeeded, "HMAC takes SHA-256 as its digest")
    }

    deinit {
        EVP_MAC_CTX_free(context)
        EVP_MAC_free(algorithm)
    }

    /// Writes the code of `message` under `key` to the first 32 bytes of `code`.
    func authenticate(_ message: UnsafeRawBufferPointer, key: [UInt8], into code: inout [UInt8]) {
        var length = 0
        let succeeded =
            EVP_MAC_init(context, key, key.count, nil) == 1
            && EVP_MAC_update(context, message.baseAddress, message.count) == 1
            && EVP_MAC_final(context, &code, &length, code.count) == 1
        precondition(succeeded && length == SHA256.digestLength, "authenticating bytes in memory cannot fail")
    }
}

extension SHA256 {
    /// The first `digits` hexadecimal digits of the digest of `message`: to name things by, seldom.
    static func hexadecimal(of message: [UInt8], digits: Int) -> String {
        var digest = [UInt8](repeating: 0, count: digestLength)
        let hasher = SHA256()
        message.withUnsafeBytes { hasher.hash($0, into: &digest) }
        let text = digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        return String(text.prefix(digits))
    }
}
