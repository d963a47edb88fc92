import JSON

/// Finds the value that a JSON string names.
struct KeyTable<Value: Sendable>: Sendable {
    private let index: JSONKeyIndex
    private let values: [Value]

    init(_ values: [Value], name: (Value) -> String) {
        index = JSONKeyIndex(values.map(name))
        self.values = values
    }

    /// The value named by `text`, a string; nil for other text and other kinds of value.
    subscript(text: JSONValue) -> Value? { index.place(of: text).map { values[$0] } }
}

extension KeyTable where Value: RawRepresentable<String> & CaseIterable {
    /// Of an enum's cases by their raw values.
    init() { self.init(Array(Value.allCases), name: \.rawValue) }
}
