/// What an `AWS4-HMAC-SHA256` Authorization header says.
struct SignatureClaims {
    let region: Bytes
    private let scopeDate: Bytes
    private let service: Bytes
    private let signedHeaders: Bytes

    /// Nil unless all three parts are there: a scope of five fields, at least one header, 64 lower-case hex digits.
    init?(_ authorization: Bytes) {
        guard authorization.begins(with: "AWS4-HMAC-SHA256 ") else { return nil }
        var rest = authorization.dropping(17)
        guard let credential = Self.take("Credential=", from: &rest),
            let signedHeaders = Self.take("SignedHeaders=", from: &rest), !signedHeaders.isEmpty,
            let signature = Self.take("Signature=", from: &rest), rest.isEmpty,
            signature.count == 64, signature.allSatisfy({ $0.hexDigit != nil && !(0x41...0x46 ~= $0) })
        else { return nil }
        var fields = credential
        guard let key = Self.field(&fields), !key.isEmpty, let date = Self.field(&fields),
            let region = Self.field(&fields), !region.isEmpty, let service = Self.field(&fields),
            fields.equals("aws4_request")
        else { return nil }
        self.region = region
        scopeDate = date
        self.service = service
        self.signedHeaders = signedHeaders
    }

    func hasBedrockScope(on date: Bytes) -> Bool {
        service.equals("bedrock") && scopeDate.elementsEqual(date)
    }

    /// Whether the headers that must be signed are listed, and the list is sorted as the canonical request wants it.
    func signs(hasContentType: Bool, hasSecurityToken: Bool) -> Bool {
        var host = false
        var date = false
        var contentType = !hasContentType
        var token = !hasSecurityToken
        var previous = Bytes(start: nil, count: 0)
        var rest = signedHeaders
        while !rest.isEmpty {
            let end = rest.firstOffset(of: UInt8(ascii: ";")) ?? rest.count
            let name = rest.slice(0..<end)
            guard previous.lexicographicallyPrecedes(name) else { return false }
            host = host || name.equals("host")
            date = date || name.equals("x-amz-date")
            contentType = contentType || name.equals("content-type")
            token = token || name.equals("x-amz-security-token")
            previous = name
            rest = rest.dropping(min(end + 1, rest.count))
        }
        return host && date && contentType && token
    }

    /// Takes `label`'s value up to the next comma, and the comma with the blanks after it.
    private static func take(_ label: StaticString, from rest: inout Bytes) -> Bytes? {
        guard rest.begins(with: label) else { return nil }
        rest = rest.dropping(label.utf8CodeUnitCount)
        let end = rest.firstOffset(of: UInt8(ascii: ",")) ?? rest.count
        let value = rest.slice(0..<end).trimmed
        rest = rest.dropping(min(end + 1, rest.count)).trimmed
        return value
    }

    private static func field(_ rest: inout Bytes) -> Bytes? {
        guard let end = rest.firstOffset(of: UInt8(ascii: "/")) else { return nil }
        defer { rest = rest.dropping(end + 1) }
        return rest.slice(0..<end)
    }
}
