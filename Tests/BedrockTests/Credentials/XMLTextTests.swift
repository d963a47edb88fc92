import Testing

@testable import Bedrock

@Suite struct XMLTextTests {
    private static let answer = Array(
        """
        <?xml version="1.0"?><AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
          <Credentials><AccessKeyIdentity>no</AccessKeyIdentity><AccessKeyId>ASIA</AccessKeyId>
          <SecretAccessKey>a&amp;b&#x2F;&#43;</SecretAccessKey><SessionToken a="b">t</SessionToken>
          </Credentials></AssumeRoleResult></AssumeRoleResponse>
        """.utf8)

    @Test func `an element's text is found, its entities replaced`() {
        #expect(XMLText.element("AccessKeyId", in: Self.answer) == "ASIA")
        #expect(XMLText.element("SecretAccessKey", in: Self.answer) == "a&b/+")
        #expect(XMLText.element("SessionToken", in: Self.answer) == "t")
        #expect(XMLText.element("Credentials", in: Self.answer) == nil)
        #expect(XMLText.element("Expiration", in: Self.answer) == nil)
    }

    @Test func `a truncated document has no more than it holds`() {
        for length in Self.answer.indices {
            let token = XMLText.element("SecretAccessKey", in: Array(Self.answer[..<length]))
            #expect(token == nil || token == "a&b/+")
        }
    }
}
