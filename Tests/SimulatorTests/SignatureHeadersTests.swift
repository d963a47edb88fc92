import Simulator
import Testing

@Suite struct SignatureHeadersTests {
    private static let hex = String(repeating: "0a", count: 32)

    private static func authorization(
        scope: String = "20260105/us-east-1/bedrock/aws4_request", signed: String = "content-type;host;x-amz-date",
        signature: String = hex
    ) -> String {
        "AWS4-HMAC-SHA256 Credential=AKID/\(scope), SignedHeaders=\(signed), Signature=\(signature)"
    }

    private func answer(_ authorization: String, headers: String = "") throws -> HTTPProbe.Answer {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        try probe.send(ConverseText.request(authorization: authorization, headers: headers))
        return try probe.receive()
    }

    @Test(arguments: [
        authorization(), authorization(signed: "accept;content-type;host;x-amz-date;x-amz-security-token"),
        authorization().replacing(", ", with: ","), "Bearer bedrock-api-key-abc=",
    ])
    func `what clients send is let in`(authorization: String) throws {
        #expect(try answer(authorization).status == 200)
    }

    @Test(arguments: [
        ("", "IncompleteSignatureException"), ("Basic YTpi", "IncompleteSignatureException"),
        ("Bearer ", "IncompleteSignatureException"), ("Bearer two words", "AccessDeniedException"),
        (authorization(signature: "abc"), "IncompleteSignatureException"),
        (authorization(signature: hex.uppercased()), "IncompleteSignatureException"),
        (authorization(signed: ""), "IncompleteSignatureException"),
        (authorization(scope: "20260105/us-east-1/bedrock"), "IncompleteSignatureException"),
        (authorization(scope: "20260105/us-east-1/bedrock-runtime/aws4_request"), "InvalidSignatureException"),
        (authorization(scope: "20260106/us-east-1/bedrock/aws4_request"), "InvalidSignatureException"),
        (authorization(signed: "content-type;host"), "InvalidSignatureException"),
        (authorization(signed: "content-type;x-amz-date"), "InvalidSignatureException"),
        (authorization(signed: "host;x-amz-date"), "InvalidSignatureException"),
        (authorization(signed: "host;content-type;x-amz-date"), "InvalidSignatureException"),
    ])
    func `what Bedrock would refuse is refused by its type`(authorization: String, errorType: String) throws {
        let answer = try answer(authorization)
        #expect(answer.status == 403)
        #expect(answer.headers["x-amzn-errortype"]?.split(separator: ":").first.map(String.init) == errorType)
    }

    @Test func `a security token that is sent must be signed`() throws {
        let token = "X-Amz-Security-Token: abc\r\n"
        #expect(try answer(Self.authorization(), headers: token).status == 403)
        let signed = Self.authorization(signed: "content-type;host;x-amz-date;x-amz-security-token")
        #expect(try answer(signed, headers: token).status == 200)
    }

    @Test func `a request without any authentication is refused`() throws {
        let simulator = try BedrockSimulator()
        let probe = try HTTPProbe(simulator)
        try probe.send("POST /model/m/converse HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        let answer = try probe.receive()
        #expect(answer.status == 403)
        #expect(answer.headers["x-amzn-errortype"]?.hasPrefix("MissingAuthenticationTokenException") == true)
        #expect(simulator.journal.count("m", "403") == 1)
    }

    @Test func `an old date is refused only where dates are looked at`() throws {
        var settings = BedrockSimulator.Settings()
        settings.signatures = .shapeAndDate(maximumSkew: .seconds(300))
        let strict = try BedrockSimulator(settings)
        let answer = try HTTPProbe(strict).converse()
        #expect(answer.status == 403)
        #expect(answer.body.contains("Signature expired"))
        settings.signatures = .off
        let open = try BedrockSimulator(settings)
        let probe = try HTTPProbe(open)
        try probe.send("POST /model/m/converse HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        #expect(try probe.receive().status == 200)
    }
}
