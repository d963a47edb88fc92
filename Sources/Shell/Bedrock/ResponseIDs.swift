/// Makes the ids of chat completions: `chatcmpl-` and 32 hex digits. Unique, not secret.
struct ResponseIDs {
    /// Drawn once: the system's generator costs a system call each time.
    private var state = UInt64.random(in: .min ... .max)

    mutating func next() -> String {
        var text = Array("chatcmpl-".utf8)
        text.reserveCapacity(41)
        for _ in 0..<2 {
            let word = nextWord()
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
                text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// SplitMix64: every state gives another word, and the state runs through all of them.
    private mutating func nextWord() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
