import Testing

@testable import BedrockRelay

@Suite struct TransactionalIDTests {
    private func make(_ groupInstance: String?, nonce: UInt64 = 255) -> String {
        TransactionalID.make(group: "g", groupInstance: groupInstance, instance: "host-1", nonce: nonce)
    }

    @Test func `a static member keeps its name over restarts`() {
        #expect(make("relay-0") == "g-relay-0")
        #expect(make("relay-0", nonce: 1) == make("relay-0", nonce: 2))
    }

    @Test(arguments: [nil, ""]) func `any other has one that no second process can have`(groupInstance: String?) {
        #expect(make(groupInstance) == "g-host-1-ff")
        #expect(make(groupInstance, nonce: 1) != make(groupInstance, nonce: 2))
    }
}
