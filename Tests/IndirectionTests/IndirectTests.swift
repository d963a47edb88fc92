import Indirection
import Testing

struct IndirectTests {
    @Test func `a copy keeps its value when the other is changed`() {
        let first = Indirect([1])
        var second = first

        second.value.append(2)

        #expect(first.value == [1])
        #expect(second.value == [1, 2])
    }

    @Test func `what is not shared is changed in place`() {
        var values = Indirect([Int](repeating: 0, count: 100))
        let before = values.value.withUnsafeBufferPointer { $0.baseAddress }

        values.value[7] = 1

        #expect(values.value.withUnsafeBufferPointer { $0.baseAddress } == before)
    }

    @Test func `equal values are equal, and hash so`() {
        #expect(Indirect("a") == Indirect("a"))
        #expect(Indirect("a") != Indirect("b"))
        #expect(Set([Indirect("a"), Indirect("a"), Indirect("b")]).count == 2)
    }
}
