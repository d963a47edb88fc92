import Testing

@testable import Pipeline

@Suite struct ReplyWriterTests {
    @Test(
        arguments: [
            (0, "0"), (0.000053, "0.000053"), (1, "1"), (12.5, "12.5"), (0.0000001, "0.0000001"), (1.23e-13, "0"),
            (-0.25, "-0.25"), (123_456.75, "123456.75"), (10, "10"), (0.100000000001, "0.100000000001"),
        ] as [(Double, String)])
    func `dollars are plain decimals`(amount: Double, text: String) {
        #expect(DecimalText.dollars(amount) == text)
    }
}
