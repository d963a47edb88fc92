import Glibc

/// SplitMix64: the same seed draws the same numbers on every machine.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number above 0 and at most 1.
    mutating func nextFraction() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

    /// A draw from the standard normal distribution (Box and Muller's first number).
    mutating func nextNormal() -> Double {
        (-2 * log(nextFraction())).squareRoot() * cos(2 * .pi * nextFraction())
    }
}
