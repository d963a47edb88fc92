import JSON
import Testing

@Suite struct JSONWriterTests {
    private func write(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    @Test func `commas go between members and elements and nowhere else`() {
        let text = write { json in
            json.beginObject()
            json.member("a", 1)
            json.key("b")
            json.beginArray()
            json.beginArray()
            json.endArray()
            json.beginObject()
            json.endObject()
            json.string("[")
            json.string("{")
            json.string(",")
            json.string(":")
            json.null()
            json.bool(true)
            json.endArray()
            json.member("c", false)
            json.key(text: "d\"")
            json.double(0.5)
            json.key(escaped: #"\n"#.utf8)
            json.source("[1, 2]".utf8)
            json.endObject()
        }
        #expect(text == #"{"a":1,"b":[[],{},"[","{",",",":",null,true],"c":false,"d\"":0.5,"\n":[1, 2]}"#)
    }

    @Test func `strings are escaped where JSON demands it and nowhere else`() {
        let text = write { $0.string("a\"b\\c/\u{0}\u{8}\u{9}\u{A}\u{B}\u{C}\u{D}\u{1F}\u{7F}é😀") }
        #expect(text == #""a\"b\\c/\u0000\b\t\n\u000b\f\r\u001f\#u{7F}é😀""#)
    }

    @Test func `every ASCII string reads back as it was, at every length`() throws {
        let alphabet = (0..<128).map { Character(Unicode.Scalar(UInt8($0))) }
        for start in alphabet.indices {
            for length in [0, 1, 7, 8, 9, 30] {
                let string = String(alphabet[start..<min(start + length, alphabet.count)])
                let text = write { $0.string(string) }
                #expect(try JSONDocument(parsing: Array(text.utf8)).root.string == string)
            }
        }
    }

    @Test func `a string can be written in pieces of either form`() {
        let text = write { json in
            json.beginArray()
            json.beginString()
            json.append(text: "a\n")
            json.append(escaped: #"\tb"#.utf8)
            json.append(utf8: Array("\"é".utf8).span)
            json.endString()
            json.string(escaped: #"\u0041"#.utf8)
            json.endArray()
        }
        #expect(text == #"["a\n\tb\"é","\u0041"]"#)
    }

    @Test(arguments: [0, 1, -1, 9, 10, 99, 100, 1234567890, Int.max, Int.min])
    func `integers are written in full`(_ value: Int) {
        #expect(write { $0.integer(value) } == "\(value)")
    }

    @Test func `integers of other widths are written in full`() {
        #expect(write { $0.integer(UInt64.max) } == "18446744073709551615")
        #expect(write { $0.integer(Int128.min) } == "-170141183460469231731687303715884105728")
        #expect(write { $0.integer(Int8.min) } == "-128")
        #expect(write { $0.integer(UInt8.max) } == "255")
    }

    @Test(arguments: [
        0.0, -0.0, 1, 0.1, 1e16, 1e21, 1e-7, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 412.5, 1 / 3, 0.000053,
        -123456.789,
    ])
    func `doubles are valid JSON and read back the same`(_ value: Double) throws {
        let text = write { $0.double(value) }
        #expect(try JSONDocument(parsing: Array(text.utf8)).root.double?.bitPattern == value.bitPattern)
    }

    @Test func `thousandths are written as a Double of their value would be`() {
        var random = SystemRandomNumberGenerator()
        let some = (0..<1000).map { _ in Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random) }
        for thousandths in [0, 1, 10, 100, 999, 1000, 1500, -1, -1234, 60_000, 123_456] + some {
            #expect(write { $0.decimal(thousandths: thousandths) } == "\(Double(thousandths) / 1000)")
        }
        #expect(write { $0.decimal(thousandths: .min) } == "-9223372036854775.808")
    }

    @Test func `a text that was left goes on where it was`() {
        for beginning in [#"{"a":1"#, #"{"a":[1"#, "[{}", #"["a""#] {
            var writer = JSONWriter(continuing: Array(beginning.utf8), capacity: 16)
            writer.null()
            #expect(String(decoding: writer.finish(), as: UTF8.self) == beginning + ",null")
        }
        for beginning in ["", "[", #"{"a":"#, #"{"a":["#] {
            var writer = JSONWriter(continuing: Array(beginning.utf8), capacity: 16)
            writer.null()
            #expect(String(decoding: writer.finish(), as: UTF8.self) == beginning + "null")
        }
    }

    @Test func `what is not finite becomes null`() {
        let text = write { json in
            json.beginArray()
            for value in [Double.nan, .infinity, -.infinity] { json.double(value) }
            json.endArray()
        }
        #expect(text == "[null,null,null]")
    }

    @Test func `members of every type are written in one call`() {
        let none: String? = nil
        let text = write { json in
            json.beginObject()
            json.member("a", "x")
            json.member("b", none)
            json.member("c", 1)
            json.member("d", 1.5)
            json.member("e", true)
            json.member("f", escaped: #"\n"#.utf8)
            json.member("g", source: "{}".utf8)
            json.endObject()
        }
        #expect(text == #"{"a":"x","b":null,"c":1,"d":1.5,"e":true,"f":"\n","g":{}}"#)
    }

    @Test func `a writer starts over with the next text`() {
        var writer = JSONWriter()
        writer.integer(1)
        writer.removeAll()
        writer.integer(2)
        #expect(Array(writer.bytes) == Array("2".utf8))
    }
}
