import Testing

@testable import Simulator

@Suite struct ModelBookTests {
    private func play(_ book: inout ModelBook, _ model: String, now: Int64 = 0) -> ModelScript.Step {
        var id = Array(model.utf8)
        let index = id.withUnsafeMutableBytes { book.index(of: Bytes($0)) }
        return book.play(index, now: now).step
    }

    private func book(_ entries: [(String, Int)]) -> ModelBook {
        ModelBook(entries.map { ScriptEntry($0.0, ModelScript(steps: [.answer(status: $0.1)])) })
    }

    @Test func `the closest pattern wins, the id before all`() {
        var book = book([("*", 400), ("anthropic.*", 401), ("anthropic.*haiku*", 402), ("anthropic.haiku", 403)])
        #expect(play(&book, "meta.llama") == .answer(status: 400))
        #expect(play(&book, "anthropic.sonnet") == .answer(status: 401))
        #expect(play(&book, "anthropic.haiku-2") == .answer(status: 402))
        #expect(play(&book, "anthropic.haiku") == .answer(status: 403))
    }

    @Test func `of one pattern the script set last counts`() {
        var book = book([("*", 400), ("*", 500)])
        #expect(play(&book, "m") == .answer(status: 500))
    }

    @Test func `a model without a script answers`() {
        var book = ModelBook([])
        #expect(play(&book, "m") == .answer())
    }

    @Test func `setting a script restarts only the models it is for`() {
        let steps: [ModelScript.Step] = [.answer(status: 429), .answer()]
        var book = ModelBook([ScriptEntry("*", ModelScript(steps: steps)), ScriptEntry("a", ModelScript(steps: steps))])
        #expect(play(&book, "a") == .answer(status: 429))
        #expect(play(&book, "b") == .answer(status: 429))
        book.set([ScriptEntry("*", ModelScript(steps: steps))])
        #expect(play(&book, "a") == .answer())
        #expect(play(&book, "b") == .answer(status: 429))
    }

    @Test func `a rate limit opens again when its window ends`() {
        let limit = ModelScript.RateLimit(requests: 2, window: .seconds(1))
        var book = ModelBook([ScriptEntry("*", ModelScript(rateLimit: limit))])
        let throttled = ModelScript.Step.answer(status: 429, errorType: "ThrottlingException")
        #expect(play(&book, "m", now: 100) == .answer())
        #expect(play(&book, "m", now: 200) == .answer())
        #expect(play(&book, "m", now: 1_000_000_099) == throttled)
        #expect(play(&book, "m", now: 1_000_000_100) == .answer())
    }
}
