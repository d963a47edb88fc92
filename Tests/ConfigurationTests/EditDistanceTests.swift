import Testing

@testable import Configuration

@Suite struct EditDistanceTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ordring", "ordering", 1),
        ("tpm", "ptm", 1),
        ("abc", "abc", 0),
    ])
    func `the distance counts insertions, removals, replacements and swaps`(
        _ first: String, _ second: String, _ distance: Int
    ) {
        #expect(EditDistance.between(first, second) == distance)
        #expect(EditDistance.between(second, first) == distance)
    }

    @Test func `only a near enough word is suggested`() {
        #expect(EditDistance.nearest(to: "Orderng", among: ["admin", "ordering"]) == "ordering")
        #expect(EditDistance.nearest(to: "something", among: ["admin", "ordering"]) == nil)
        #expect(EditDistance.nearest(to: "x", among: []) == nil)
    }
}
