import Foundation
import Redaction
import Testing
import Time

@testable import Bedrock

@Suite struct MSKAuthTokenTests {
    /// 2026-01-02T03:04:05Z.
    private let instant = Instant(unixMilliseconds: 1_767_323_045_678)

    private func token(session: String?, region: String = "us-east-1") -> MSKAuthToken {
        MSKAuthToken(
            region: region,
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                sessionToken: session.map { Secret($0) }),
            userAgent: "bedrock-relay/1.0", at: instant, signer: SigV4Signer())
    }

    private func url(of token: MSKAuthToken) throws -> String {
        var text = token.text.replacing("-", with: "+").replacing("_", with: "/")
        #expect(!token.text.contains("=") && !token.text.contains("+") && !token.text.contains("/"))
        while text.count % 4 != 0 { text += "=" }
        return String(decoding: try #require(Data(base64Encoded: text)), as: UTF8.self)
    }

    @Test func `with an access key it is what AWS's own signer makes`() throws {
        let url = try url(of: token(session: nil))

        #expect(
            url == "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect"
                + "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fkafka-cluster%2Faws4_request"
                + "&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=24ebada2ed545858377591fc84af1a1bff3c40c5e8ab0c1fc85eee156cfb42da"
                + "&User-Agent=bedrock-relay%2F1.0")
        #expect(token(session: nil).expiration.unixMilliseconds == 1_767_323_945_000)
    }

    @Test func `with a temporary key its session token is signed as well`() throws {
        let url = try url(of: token(session: "FwoGZXIvYXdzEXAMPLE//token+with/slash=="))

        #expect(url.contains("&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2Ftoken%2Bwith%2Fslash%3D%3D&"))
        #expect(
            url.contains("&X-Amz-Signature=9560411608a86f5a4b820e20632f48e8f1635cc68626bbd411d0099eb594cac0&"))
    }

    @Test func `regions of China have hosts of their own`() throws {
        #expect(
            try url(of: token(session: nil, region: "cn-north-1")).hasPrefix(
                "https://kafka.cn-north-1.amazonaws.com.cn/?"))
    }

    @Test(arguments: [
        ("b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098", "eu-west-1"),
        ("localhost:9092, b-2.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098", "eu-west-1"),
        ("boot-abc.c1.kafka-serverless.us-east-2.amazonaws.com:9098", "us-east-2"),
        ("b-1.demo.abc.c2.kafka.cn-north-1.amazonaws.com.cn:9098", "cn-north-1"),
        ("kafka.example.com:9092", "us-west-1"), ("localhost", "us-west-1"),
    ])
    func `the brokers' names tell the region, else a variable does`(brokers: String, region: String) throws {
        let environment = [
            "AWS_REGION": "us-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
        ]

        #expect(try MSKIdentity(brokers: brokers, environment: environment).region == region)
    }

    @Test func `without a region or credentials there are no tokens`() {
        let keys = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"]
        #expect(throws: MSKConfigurationError.self) { try MSKIdentity(brokers: "a:1", environment: keys) }
        let nobody = ["AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"]
        #expect(throws: MSKConfigurationError.self) { try MSKIdentity(brokers: "a:1", environment: nobody) }
    }
}
