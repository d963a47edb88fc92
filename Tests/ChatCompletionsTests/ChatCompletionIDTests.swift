import ChatCompletions
import Testing

@Suite struct ChatCompletionIDTests {
    @Test(
        arguments: [
            (0, 0, "chatcmpl-00000000000000000000000000000000"),
            (UInt64.max, UInt64.max, "chatcmpl-ffffffffffffffffffffffffffffffff"),
            (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, "chatcmpl-0123456789abcdeffedcba9876543210"),
        ] as [(UInt64, UInt64, String)])
    func `an id is its bits in hexadecimal`(_ high: UInt64, _ low: UInt64, _ text: String) {
        #expect(ChatCompletionID(high: high, low: low).description == text)
    }
}
