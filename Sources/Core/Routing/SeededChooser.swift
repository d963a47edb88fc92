/// The production `Chooser`: SplitMix64, one addition and three multiplications a draw, reproducible from its seed.
public struct SeededChooser: Chooser {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func pick(weights: [Double]) -> Int {
        var total = 0.0
        for weight in weights { total += weight }
        var remaining = fraction() * total
        var last = 0
        for (index, weight) in weights.enumerated() where weight > 0 {
            last = index
            remaining -= weight
            if remaining < 0 { return index }
        }
        return last  // rounding left a sliver over
    }

    public mutating func pick(count: Int) -> Int {
        precondition(count > 0, "a pick needs something to pick from")
        return Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }

    public mutating func jitter(below bound: Duration) -> Duration {
        bound * fraction()
    }

    /// Uniform in 0..<1, with the 53 bits a Double holds.
    private mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
