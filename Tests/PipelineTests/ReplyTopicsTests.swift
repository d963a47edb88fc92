import Testing

@testable import Pipeline

@Suite struct ReplyTopicsTests {
    private let topics = ReplyTopics(
        defaultTopic: "chat.replies", allowed: ["replies.*", "team-?.answers", "chat.*"],
        ownTopics: ["chat.requests", "chat.requests.dlq", "chat.routing.metrics", "chat.replies"])

    @Test(arguments: ["chat.replies", "replies.web", "replies.", "team-a.answers", "chat.other"])
    func `what the list names is allowed`(topic: String) {
        #expect(topics.allows(topic))
    }

    @Test(arguments: [
        "other", "team-ab.answers", "replies", "xreplies.web", "__consumer_offsets", "chat.requests",
        "chat.requests.dlq", "chat.routing.metrics", "replies.ü", "replies. ", "", ".", "..",
        "replies." + String(repeating: "x", count: 250),
    ])
    func `everything else is refused, our own topics even where a pattern fits`(topic: String) {
        #expect(!topics.allows(topic))
    }

    @Test func `without a list only the default topic is allowed`() {
        let topics = ReplyTopics(defaultTopic: "r", allowed: [], ownTopics: [])
        #expect(topics.allows("r"))
        #expect(!topics.allows("replies.web"))
    }

    @Test(arguments: [
        ("shard-[0-9].r", "shard-7.r", true), ("shard-[0-9].r", "shard-x.r", false),
        ("shard-[0-9].r", "shard-77.r", false),
        ("[abc-]x", "-x", true), ("[abc-]x", "bx", true), ("[abc-]x", "dx", false), ("[a-cx-z]", "y", true),
        ("[!a-c]x", "dx", true), ("[!a-c]x", "bx", false), ("*.[ab]", "x.a.b", true), ("*.[ab]", "x.a.c", false),
        ("[z-a]", "m", false), ("[ab", "a", false),
    ])
    func `brackets match one of what they hold`(_ pattern: String, _ topic: String, _ isMatch: Bool) {
        #expect(TopicPattern(pattern).matches(topic) == isMatch)
    }

    @Test func `stars match any run and cost no more than pattern times name`() {
        #expect(TopicPattern("*a*b*c").matches("xxaxxbxxc"))
        #expect(!TopicPattern("*a*b*c").matches("xxaxxbxx"))
        let name = String(repeating: "a", count: 249)
        #expect(!TopicPattern(String(repeating: "*a", count: 100) + "b").matches(name))
    }
}
