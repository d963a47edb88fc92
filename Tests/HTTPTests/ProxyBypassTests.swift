import Testing

@testable import HTTP

@Suite struct ProxyBypassTests {
    @Test(arguments: [
        "http://localhost/", "http://LOCALHOST:80/x", "http://localhost", "http://127.0.0.1:1/", "http://[::1]:9/",
        "http://169.254.169.254/latest", "http://169.254.170.2/creds", "http://[fd00:ec2::254]/latest",
    ])
    func `this machine and metadata services are reached directly`(url: String) {
        #expect(ProxyBypass.applies(to: url))
    }

    @Test(arguments: [
        "https://bedrock-runtime.us-east-1.amazonaws.com/", "http://localhost.example.com/", "http://10.0.0.1/", "",
        "nonsense", "https://", "http://example.com/127.0.0.1",
    ])
    func `everything else may go through a proxy`(url: String) {
        #expect(!ProxyBypass.applies(to: url))
    }
}
