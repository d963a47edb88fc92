/// A value behind one reference: it is handed on at the cost of a retain, and copied when it is changed while shared.
///
/// For values of many words that go from step to step. An asynchronous step keeps room for what the next one returns and
/// throws as long as that runs, which is as long as a request is in flight.
///
/// Unchecked: a box that others may see is never changed, `modify` replaces it.
public struct Indirect<Value: Sendable>: @unchecked Sendable {
    @usableFromInline
    final class Box {
        @usableFromInline var value: Value

        @inlinable
        init(_ value: Value) { self.value = value }
    }

    @usableFromInline var box: Box

    @inlinable
    public init(_ value: Value) { box = Box(value) }

    @inlinable public var value: Value {
        _read { yield box.value }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = Box(box.value) }
            yield &box.value
        }
    }
}

extension Indirect: Equatable where Value: Equatable {
    @inlinable
    public static func == (left: Indirect, right: Indirect) -> Bool {
        left.box === right.box || left.value == right.value
    }
}

extension Indirect: Hashable where Value: Hashable {
    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
