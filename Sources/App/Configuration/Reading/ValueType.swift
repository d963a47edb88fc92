import Redaction
import YAML

/// What a key's value must look like, and how it is read.
struct ValueType<Value> {
    enum Reading {
        case value(Value)
        /// Null, or variables that came to nothing: as if the key were not there.
        case absent
        /// Already reported.
        case invalid
    }

    let read: (YAMLNode, KeyLocation, ReadingContext) -> Reading

    /// A scalar; `convert` answers nil for one that is not `expected`, and then `hint` may say more.
    ///
    /// The message quotes the value as written: what comes out of the environment may be a secret.
    static func scalar(
        _ expected: String, hint: @escaping (String) -> String = { _ in "" },
        _ convert: @escaping (YAMLScalar) -> Value?
    ) -> ValueType {
        ValueType { node, key, context in
            guard let written = node.scalar else {
                let kind = node.mapping == nil ? "list" : "mapping"
                context.error(node, key, "a \(kind) cannot be used here, expected \(expected)")
                return .invalid
            }
            if written.value == .null { return .absent }
            guard let scalar = context.expand(written, at: node, key) else { return .invalid }
            if scalar.text.isEmpty, !written.text.isEmpty { return .absent }
            guard let value = convert(scalar) else {
                let text = written.text.withoutUserInfo
                context.error(node, key, "\"\(text)\" is not valid, expected \(expected)\(hint(scalar.text))")
                return .invalid
            }
            return .value(value)
        }
    }

    func map<Other>(_ transform: @escaping (Value) -> Other) -> ValueType<Other> {
        ValueType<Other> { [read] node, key, context in
            switch read(node, key, context) {
            case .value(let value): .value(transform(value))
            case .absent: .absent
            case .invalid: .invalid
            }
        }
    }
}

// Numbers and booleans may stand in quotes or come from the environment: LiteLLM's models convert them as well.

extension ValueType<String> {
    static var string: Self { scalar("text") { $0.text } }

    /// Text that must satisfy `isValid`.
    static func string(_ expected: String, where isValid: @escaping (String) -> Bool) -> Self {
        scalar(expected) { isValid($0.text) ? $0.text : nil }
    }
}

extension ValueType<Secret> {
    static var secret: Self { scalar("text") { Secret($0.text) } }
}

extension ValueType<Bool> {
    static var boolean: Self {
        scalar("true or false") {
            guard case .bool(let value) = YAMLScalar.resolve($0.text) else { return nil }
            return value
        }
    }
}

extension ValueType<Double> {
    static func number(in range: ClosedRange<Double>) -> Self {
        let top = range.upperBound < 1e15 ? " to \(Self.text(range.upperBound))" : ""
        return number(
            "a number \(top.isEmpty ? "of at least" : "from") \(Self.text(range.lowerBound))\(top)", in: range)
    }

    static func number(_ expected: String, in range: ClosedRange<Double>) -> Self {
        scalar(expected) {
            let number: Double
            switch YAMLScalar.resolve($0.text) {
            case .int(let value): number = Double(value)
            case .double(let value): number = value
            case .null, .bool, .string: return nil
            }
            return range.contains(number) ? number : nil
        }
    }

    fileprivate static func text(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
}

extension ValueType<Int> {
    static func integer(in range: ClosedRange<Int>) -> Self {
        let limits =
            range.upperBound == .max
            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        return scalar("a whole number \(limits)") {
            switch YAMLScalar.resolve($0.text) {
            case .int(let value): range.contains(value) ? value : nil
            case .double(let value): Int(exactly: value).flatMap { range.contains($0) ? $0 : nil }
            case .null, .bool, .string: nil
            }
        }
    }

    /// A count or limit: zero or more.
    static var count: Self { integer(in: 0...Int.max) }
}

extension ValueType<Duration> {
    /// Seconds, with fractions. The upper end is about 30 years: enough for "never", and far from overflow.
    static func seconds(atLeast least: Double = 0, atMost most: Double = 1e9) -> Self {
        let limit =
            most < 1e9
            ? " from \(ValueType<Double>.text(least)) to \(ValueType<Double>.text(most))"
            : " of at least \(ValueType<Double>.text(least))"
        return ValueType<Double>.number("a number of seconds\(limit)", in: least...most).map { .seconds($0) }
    }
}

extension ValueType where Value: RawRepresentable<String> & CaseIterable {
    /// One of the enumeration's values.
    static var choice: Self {
        let names = Value.allCases.map(\.rawValue)
        return choice(named: names) { Value(rawValue: $0) }
    }
}

extension ValueType {
    /// One of `names`; the message for another one suggests the nearest.
    static func choice(named names: [String], _ make: @escaping (String) -> Value?) -> Self {
        scalar("one of \(names.joined(separator: ", "))") { text in
            EditDistance.nearest(to: text, among: names).map { "; did you mean \($0)?" } ?? ""
        } _: {
            make($0.text)
        }
    }

    /// A list; a single value counts as a list of one.
    static func list<Element>(of element: ValueType<Element>, isEmptyAllowed: Bool = true) -> Self
    where Value == [Element] {
        ValueType { node, key, context in
            if node.isNull { return .absent }
            var values: [Element] = []
            var isValid = true
            let elements = node.sequence.map { $0.enumerated().map { ($1, key.element($0)) } } ?? [(node, key)]
            for (node, key) in elements {
                switch element.read(node, key, context) {
                case .value(let value): values.append(value)
                case .absent:
                    if node.isNull { context.error(node, key, "a value is missing") }
                    isValid = isValid && !node.isNull
                case .invalid: isValid = false
                }
            }
            if isValid, values.isEmpty, !isEmptyAllowed {
                context.error(node, key, "the list is empty, expected at least one value")
                isValid = false
            }
            return isValid ? .value(values) : .invalid
        }
    }

    /// A map from the user's own names.
    static func map<Element>(of element: ValueType<Element>) -> Self where Value == [String: Element] {
        ValueType { node, key, context in
            if node.isNull { return .absent }
            guard let entries = node.mapping else {
                context.error(node, key, "expected a mapping of names to values")
                return .invalid
            }
            var values: [String: Element] = [:]
            for entry in entries {
                if case .value(let value) = element.read(entry.value, key.entry(entry.key), context) {
                    values[entry.key] = value
                }
            }
            return .value(values)
        }
    }

    /// A mapping with keys of its own.
    static func section(_ make: @escaping (SectionReader) -> Value?) -> Self {
        ValueType { node, key, context in
            if node.isNull { return .absent }
            guard node.mapping != nil else {
                context.error(node, key, "expected a mapping")
                return .invalid
            }
            return make(SectionReader(node, at: key, context)).map { .value($0) } ?? .invalid
        }
    }
}
