import Foundation
import JSON
import Testing
import Time

@testable import Bedrock

/// Reads the recorded vectors that lie beside the tests.
enum Fixtures {
    static func json(_ name: String) throws -> JSONValue {
        let url = try #require(fixtureURL(name))
        return try JSONDocument(parsing: [UInt8](Data(contentsOf: url))).root
    }

    private static func fixtureURL(_ name: String) -> URL? {
        Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures")
    }

    /// `json` with sorted keys and one spelling of numbers, by a library that is not ours.
    static func canonical(_ json: some Collection<UInt8>) throws -> String {
        let value = try JSONSerialization.jsonObject(with: Data(json), options: [.fragmentsAllowed])
        return String(
            decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys]), as: UTF8.self)
    }
}

extension Instant {
    /// `20260102T030405Z`.
    init(signingTime text: String) throws {
        let digits = text.filter(\.isNumber).compactMap(\.wholeNumberValue)
        try #require(digits.count == 14)
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        let days = UTCDate(year: Int64(number(0..<4)), month: number(4..<6), day: number(6..<8)).daysSinceEpoch
        let second = number(8..<10) * 3600 + number(10..<12) * 60 + number(12..<14)
        self.init(unixMilliseconds: (days * 86_400 + Int64(second)) * 1000)
    }
}
