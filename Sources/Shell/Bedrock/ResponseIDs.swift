import ChatCompletions

/// Makes the ids of chat completions. Unique, not secret.
struct ResponseIDs {
    /// Drawn once: the system's generator costs a system call each time.
    private var state = UInt64.random(in: .min ... .max)

    mutating func next() -> ChatCompletionID { ChatCompletionID(high: nextWord(), low: nextWord()) }

    /// SplitMix64: every state gives another word, and the state runs through all of them.
    private mutating func nextWord() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
