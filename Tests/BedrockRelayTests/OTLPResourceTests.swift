import Metrics
import Testing

@testable import BedrockRelay

@Suite struct OTLPResourceTests {
    private func attributes(_ environment: [String: String]) -> [OTLPAttribute] {
        OTLPResource.attributes(instance: "host-1", environment: environment)
    }

    @Test func `it names service, instance and version`() {
        #expect(
            attributes([:]) == [
                OTLPAttribute("service.name", "bedrock-relay"), OTLPAttribute("service.instance.id", "host-1"),
                OTLPAttribute("service.version", Version.text),
            ])
    }

    @Test func `OpenTelemetry's variables win`() {
        let attributes = attributes([
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=a, deployment.environment.name = prod%2Ceu,service.version=9",
            "OTEL_SERVICE_NAME": "relay",
        ])

        #expect(
            attributes == [
                OTLPAttribute("service.name", "relay"), OTLPAttribute("service.instance.id", "host-1"),
                OTLPAttribute("service.version", "9"), OTLPAttribute("deployment.environment.name", "prod,eu"),
            ])
    }

    @Test(arguments: ["a", "a=1,b", "=1", "a=%4", "a=%zz", "a=%ff"])
    func `a text with a mistake counts as none`(text: String) {
        #expect(attributes(["OTEL_RESOURCE_ATTRIBUTES": text]) == attributes([:]))
    }
}
