import Glibc

/// The headers that authenticate a request, and whether they look as Bedrock wants them. The signature itself is not
/// computed: the simulator knows no secrets.
struct SignatureHeaders {
    private var authorization: Bytes?
    private var date: Bytes?
    private var hasHost = false
    private var hasContentType = false
    private var hasSecurityToken = false

    mutating func read(name: Bytes, value: Bytes) {
        if name.equalsIgnoringCase("authorization") {
            authorization = value
        } else if name.equalsIgnoringCase("x-amz-date") {
            date = value
        } else if name.equalsIgnoringCase("host") {
            hasHost = true
        } else if name.equalsIgnoringCase("content-type") {
            hasContentType = true
        } else if name.equalsIgnoringCase("x-amz-security-token") {
            hasSecurityToken = true
        }
    }

    /// Why the request is not let in; nil if it is. `now` in Unix seconds; no `maximumSkew`: any date will do.
    func refusal(maximumSkew: Duration?, now: Int) -> Refusal? {
        guard let authorization else { return .missingToken }
        if authorization.begins(with: "Bearer ") { return Self.refusal(ofBearer: authorization.dropping(7)) }
        guard let claims = SignatureClaims(authorization), let date, date.count == 16, hasHost else {
            return .incompleteSignature
        }
        guard let signedAt = Self.unixSeconds(date) else { return .incompleteSignature }
        guard claims.hasBedrockScope(on: date.slice(0..<8)) else { return .wrongScope }
        guard
            claims.signs(hasContentType: hasContentType, hasSecurityToken: hasSecurityToken)
        else { return .unsignedHeader }
        if let maximumSkew, abs(signedAt - now) > Int(maximumSkew.components.seconds) { return .skewedClock }
        return nil
    }

    /// The region that the request was signed for; empty for bearer tokens.
    var region: Bytes { authorization.flatMap(SignatureClaims.init)?.region ?? Bytes(start: nil, count: 0) }

    private static func refusal(ofBearer token: Bytes) -> Refusal? {
        token.isEmpty || token.contains { $0 <= 0x20 || $0 >= 0x7f } ? .badBearerToken : nil
    }

    /// Reads `20260105T100000Z`.
    private static func unixSeconds(_ date: Bytes) -> Int? {
        guard date[8] == UInt8(ascii: "T"), date[15] == UInt8(ascii: "Z"), let year = date.slice(0..<4).decimal,
            let month = date.slice(4..<6).decimal, let day = date.slice(6..<8).decimal,
            let hour = date.slice(9..<11).decimal, let minute = date.slice(11..<13).decimal,
            let second = date.slice(13..<15).decimal, 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60
        else { return nil }
        // Days since 1970 in a calendar whose years begin in March, so that leap days come last.
        let shiftedYear = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = 365 * shiftedYear + shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400 + dayOfYear - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }
}
