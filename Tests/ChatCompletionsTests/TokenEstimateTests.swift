import ChatCompletions
import Testing

@Suite struct TokenEstimateTests {
    private func estimate(_ messages: String, _ members: String = "") throws -> TokenEstimate {
        let body = #"{"model":"m","messages":[\#(messages)]\#(members)}"#
        return TokenEstimate(of: try ChatRequest(json: Array(body.utf8)))
    }

    /// The tokens of one user message's text, without the seven around it.
    private func tokens(_ escaped: String) throws -> Int {
        try estimate(#"{"role":"user","content":"\#(escaped)"}"#).messages - 7
    }

    @Test func `short texts get the tokenizer's exact figures`() throws {
        #expect(try estimate(#"{"role":"user","content":"ping"}"#).messages == 8)
        for count in [30, 60, 80] { #expect(try tokens(String(repeating: "word ", count: count)) == count + 1) }
        #expect(
            try estimate(#"{"role":"system","content":"be brief"},{"role":"user","content":"ping"}"#).messages == 14)
    }

    // The counts are those of OpenAI's cl100k tokenizer.
    @Test(arguments: [
        (
            """
            It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness. \
            You don't have to be afraid; the committee's considered opinion, published in 1999, was that nothing \
            extraordinary had happened. \\"Where are you going?\\" she asked.
            """, 65
        ),
        (
            """
            Congress shall make no law respecting an establishment of religion, or prohibiting the free exercise \
            thereof; or abridging the freedom of speech, or of the press; or the right of the people peaceably to \
            assemble, and to petition the Government for a redress of grievances.\\n\\nA well regulated Militia, being \
            necessary to the security of a free State, the right of the people to keep and bear Arms, shall not be \
            infringed.
            """, 88
        ),
        (
            """
            Please summarise the attached report in three bullet points, then list any open questions we should raise \
            with the vendor before Friday's meeting. Keep it under 150 words, avoid jargon, and mention the budget \
            (currently $12,500) only once.
            """, 52
        ),
    ])
    func `English prose is estimated within a fifth`(_ text: String, _ count: Int) throws {
        let estimate = try tokens(text)
        #expect(abs(estimate - count) * 5 <= count)
    }

    @Test func `escaped letters weigh what the letters themselves weigh`() throws {
        #expect(try tokens("Все люди") == tokens(#"\u0412\u0441\u0435 \u043b\u044e\u0434\u0438"#))
        #expect(try tokens("日本") == tokens(#"\u65e5\u672c"#))
        #expect(try tokens("😀") == tokens(#"\ud83d\ude00"#))
    }

    @Test(arguments: [
        ("", 0), (" ", 1), ("a b", 2), ("a  b", 3), (#"a\n\nb"#, 3), ("12345", 2), ("a 1", 3), ("don't", 2),
        (#"\""#, 1),
        ("a, b.", 4), ("internationalisation", 4), (#"\u0000"#, 1),
    ])
    func `pieces are counted one by one`(_ text: String, _ count: Int) throws {
        #expect(try tokens(text) == count)
    }

    @Test func `names, parts, images and tool calls count`() throws {
        let plain = try estimate(#"{"role":"user","content":"ping"}"#).messages
        #expect(try estimate(#"{"role":"user","content":"ping","name":"bob"}"#).messages == plain + 2)
        #expect(try estimate(#"{"role":"user","content":[{"type":"text","text":"ping"}]}"#).messages == plain)
        #expect(
            try estimate(
                #"{"role":"user","content":[{"type":"text","text":"ping"},{"type":"image_url","image_url":{"url":"data:xxxx"}}]}"#
            ).messages == plain + 85)
        let call = #"{"id":"1","type":"function","function":{"name":"look","arguments":"{}"}}"#
        #expect(try estimate(#"{"role":"assistant","content":null,"tool_calls":[\#(call)]}"#).messages == 9)
    }

    @Test func `tools and a separate system text count towards the total only`() throws {
        let plain = try estimate(#"{"role":"user","content":"ping"}"#)
        #expect(plain.total == plain.messages)
        let more = try estimate(
            #"{"role":"user","content":"ping"}"#,
            #","system":"be brief","tools":[{"type":"function","function":{"name":"look","description":"Looks it up."}}]"#
        )
        #expect(more.messages == plain.messages)
        #expect(more.total >= plain.messages + 10)
    }
}
