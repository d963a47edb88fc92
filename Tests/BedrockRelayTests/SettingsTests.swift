import Configuration
import HTTP
import Testing

@testable import BedrockRelay

@Suite struct SettingsTests {
    @Test(arguments: [
        (["AWS_CA_BUNDLE": "/a", "SSL_CERT_FILE": "/b"], "/a"), (["AWS_CA_BUNDLE": "", "SSL_CERT_FILE": "/b"], "/b"),
        (["SSL_CERT_FILE": "/b"], "/b"), (["AWS_CA_BUNDLE": "", "SSL_CERT_FILE": ""], nil), ([:], nil),
    ])
    func `the first bundle of authorities that is not empty counts`(
        _ environment: [String: String], _ bundle: String?
    ) {
        #expect(HTTPClient.Settings(RelaySection(), environment: environment).caBundle == bundle)
    }
}
