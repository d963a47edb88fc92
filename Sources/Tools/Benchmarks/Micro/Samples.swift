/// The bodies that everything is measured with: about 1 KB of request, 0.7 KB of answer.
enum Samples {
    static let modelGroup = "claude"
    static let modelID = "anthropic.claude-3-haiku-20240307-v1:0"

    static let request = request(#""user": "customer-4711""#)
    static let streamedRequest = request(#""stream": true"#)

    private static func request(_ member: String) -> [UInt8] {
        Array(
            """
            {"model": "\(modelGroup)", "messages": [{"role": "system", "content": "\(system)"}, \
            {"role": "user", "content": "\(question)"}], "max_tokens": 512, "temperature": 0.2, \(member)}
            """.utf8)
    }

    static let converseRequest = Array(
        """
        {"messages":[{"role":"user","content":[{"text":"\(question)"}]}],"system":[{"text":"\(system)"}],\
        "inferenceConfig":{"maxTokens":512,"temperature":0.2}}
        """.utf8)

    static let converseAnswer = Array(
        """
        {"metrics":{"latencyMs":412},"output":{"message":{"content":[{"text":"\(answer)"}],"role":"assistant"}},\
        "stopReason":"end_turn","usage":{"inputTokens":217,"outputTokens":96,"totalTokens":313}}
        """.utf8)

    /// As escaped JSON text, as all three.
    private static let system =
        "You answer questions of our customers about their orders. Be brief and friendly, quote the order number, and "
        + "never promise a delivery date that the data below does not hold.\\nOrder 4711: three items, paid on 2 May, "
        + "handed to the carrier on 4 May, tracking number \\\"JD014600003\\\".\\nOrder 4712: one item, not paid yet."
    private static let question =
        "Hello, I have ordered three things from you last week and the page only says \\\"in transit\\\" since then. "
        + "Could you tell me where my parcel is now, whether all the items are in it, and when it is going to arrive? "
        + "I will be on a journey from next Tuesday on, so if it is not here by Monday, please send it to my "
        + "neighbour at number 12 instead. And what about the other order \\u2013 do I still have to pay for it?"
    static let answer =
        "Thank you for your message. Order 4711 with all three items was handed to the carrier on 4 May under the "
        + "tracking number JD014600003 and is on its way to you. I cannot name the day on which it will arrive but the "
        + "carrier accepts a change of address until the morning of delivery so your neighbour at number 12 is "
        + "possible. Order 4712 has not been paid yet and will be sent as soon as it is."
}
