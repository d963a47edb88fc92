import Testing
import YAML

@Suite struct YAMLScalarTests {
    static let cases: [(String, YAMLScalar.Value)] = [
        ("", .null), ("~", .null), ("null", .null), ("NULL", .null),
        ("yes", .bool(true)), ("On", .bool(true)), ("TRUE", .bool(true)), ("no", .bool(false)), ("off", .bool(false)),
        ("y", .string("y")), ("tRue", .string("tRue")),
        ("0", .int(0)), ("-7", .int(-7)), ("+7", .int(7)), ("1_000", .int(1000)), ("0x1F", .int(31)),
        ("-0x1F", .int(-31)), ("010", .int(8)), ("0b101", .int(5)), ("9223372036854775807", .int(.max)),
        ("1.5", .double(1.5)), (".5", .double(0.5)), ("1e3", .double(1000)), ("2.5E-07", .double(2.5e-7)),
        ("-.inf", .double(-.infinity)), ("1_0.5", .double(10.5)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)),
        ("12:30", .string("12:30")), ("1.2.3", .string("1.2.3")), ("127.0.0.1:9464", .string("127.0.0.1:9464")),
        ("2026-01-01", .string("2026-01-01")), ("-", .string("-")), ("--1", .string("--1")), ("0x", .string("0x")),
        ("_1", .string("_1")), (".e5", .string(".e5")), ("nan", .string("nan")), ("inf", .string("inf")),
        ("1e", .string("1e")), ("e3", .string("e3")), ("0x-1", .string("0x-1")), (".", .string(".")),
    ]

    @Test(arguments: cases)
    func `plain scalars have YAML 1.1's core types`(_ text: String, _ value: YAMLScalar.Value) {
        #expect(YAMLScalar(text, style: .plain).value == value)
    }

    @Test(arguments: ["yes", "12", "null", "", "1e3"])
    func `quoted scalars are text`(_ text: String) {
        #expect(YAMLScalar(text, style: .quoted).value == .string(text))
    }
}
