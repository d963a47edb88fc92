import TestSupport
import Testing

@testable import Partitions

@Suite struct CompletedMapTests {
    @Test func `an empty map is the empty text`() {
        #expect(CompletedMap().text(at: Offset(7), budget: 0) == "")
        #expect(CompletedMap(text: "", position: Offset(7)) == CompletedMap())
    }

    @Test func `the text is stable: other versions of this program read it`() {
        #expect(textOf([12...14, 20...20], at: 10) == "br1bOI")
        #expect(textOf([12...1000], at: 10) == "br1rB8e")
    }

    @Test func `the shorter of bitset and run lengths is written`() {
        let sparse = textOf([5000...5000], at: 0)
        let dense = textOf((1...100).map { $0 * 2...$0 * 2 }, at: 0)
        #expect(sparse.hasPrefix("br1r") && sparse.utf8.count < 10)
        #expect(dense.hasPrefix("br1b") && dense.utf8.count == 4 + 34)
    }

    @Test func `any map reads back as it was and is printable`() throws {
        var random = SeededGenerator(seed: 42)
        for _ in 0..<2000 {
            let position = Int64.random(in: 0...1 << 40, using: &random)
            var map = CompletedMap()
            var offset = position
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let longest: Int64 = random.chance(10) ? 1 << 33 : 20
                let start = offset + Int64.random(in: 1...longest, using: &random)
                offset = start + Int64.random(in: 1...longest, using: &random)
                map.append(Offset(start)..<Offset(offset), joining: false)
            }
            let text = try #require(map.text(at: Offset(position), budget: 4000))
            #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect(CompletedMap(text: text, position: Offset(position)) == map)
        }
    }

    @Test func `a map that does not fit the budget says so`() {
        var map = CompletedMap()
        for index in Int64(1)...100 { map.append(Offset(index * 1000)..<Offset(index * 1000 + 1), joining: false) }
        let size = map.text(at: Offset(0), budget: 4000)?.utf8.count ?? 0
        #expect(map.text(at: Offset(0), budget: size) != nil)
        #expect(map.text(at: Offset(0), budget: size - 1) == nil)
    }

    @Test(arguments: [
        "br2bAA", "br1xAA", "br1", "br1b", "br1bA ", "br1r_", "br1rA", "NONE", "\u{0}", "br1b\u{e9}", "eyJ2IjoxfQ==",
    ])
    func `text of another version, damaged or not ours is refused`(text: String) {
        #expect(CompletedMap(text: text, position: Offset(0)) == nil)
    }

    @Test func `random and truncated text never traps and never names an offset below the position`() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("br1_-AZaz09 \u{0}=é".unicodeScalars)
        for _ in 0..<5000 {
            var text = random.chance(80) ? (random.chance(50) ? "br1b" : "br1r") : ""
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
            }
            let position = Offset(random.chance(10) ? Int64.max - 3 : 1000)
            guard let map = CompletedMap(text: text, position: position) else { continue }
            #expect(map.ranges.allSatisfy { $0.lowerBound > position })
        }
    }
}
