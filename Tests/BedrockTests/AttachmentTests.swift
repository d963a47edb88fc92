import ChatCompletions
import Foundation
import Testing

@testable import Bedrock

@Suite struct AttachmentTests {
    private static func image(_ uri: String, _ others: String = "") -> String {
        #"{"type":"image_url","image_url":{"url":"\#(uri)"\#(others)}}"#
    }

    private static func file(_ uri: String) -> String { #"{"type":"file","file":{"file_data":"\#(uri)"}}"# }

    /// The content blocks that these parts become.
    private static func convert(_ parts: [String]) throws -> String {
        let body = try ConverseRequestTests.convert(
            #""messages":[{"role":"user","content":[\#(parts.joined(separator: ","))]}]"#
        ) { $0.cachesPrompts = true }
        return String(body.dropFirst(#"{"messages":[{"role":"user","content":["#.count).dropLast(25))
    }

    private static func data(_ bytes: [UInt8], _ type: String = "image/png") -> String {
        "data:\(type);base64,\(Data(bytes).base64EncodedString())"
    }

    @Test(arguments: [
        (#"data:image/jpg;base64,AAAA"#, "", #"{"image":{"format":"jpeg","source":{"bytes":"AAAA"}}}"#),
        (#"data:image\/webp;base64,AA\/+"#, "", #"{"image":{"format":"webp","source":{"bytes":"AA/+"}}}"#),
        (
            "data:image/png;base64,AA==", #","format":"image/gif""#,
            #"{"image":{"format":"gif","source":{"bytes":"AA=="}}}"#
        ),
        (#"data:image/png;base64,AA\nAA"#, "", #"{"image":{"format":"png","source":{"bytes":"AAAA"}}}"#),
        ("data:video/quicktime;base64,AAAA", "", #"{"video":{"format":"mov","source":{"bytes":"AAAA"}}}"#),
    ])
    func `a data URI becomes its block`(_ uri: String, _ others: String, _ expected: String) throws {
        #expect(try Self.convert([Self.image(uri, others)]) == expected)
    }

    @Test func `documents have stable names, never twice the same, and a text beside them`() throws {
        let uri = "data:text/plain;charset=utf-8;base64,aGk="
        let marked = Self.file(uri).dropLast() + #","cache_control":{"type":"ephemeral"}}"#
        let blocks = try Self.convert([Self.file(uri), String(marked)])
        let name = try #require(blocks.firstMatch(of: /"name":"(DocumentPDFmessages_[0-9a-f]{16}_txt)"/)).1
        let document = { (name: String) in
            #"{"document":{"format":"txt","name":"\#(name)","source":{"bytes":"aGk="}}}"#
        }
        #expect(
            blocks == document(String(name)) + "," + document("\(name)_2")
                + #",{"text":"."},{"cachePoint":{"type":"default"}}"#)
    }

    @Test(arguments: [
        ("https://example.com/a.png", "not fetched"), ("data:image/png,abc", "base64"),
        ("data:image/png;base64", "content"),
        ("data:image/tiff;base64,AAAA", "image/tiff"), ("data:application/zip;base64,AAAA", "application/zip"),
        ("data:image/png;base64,A", "not base64"), ("data:image/png;base64,AA*A", "not base64"),
        ("data:image/png;base64,", "not base64"), ("data:image/png;base64,A===", "not base64"), ("", "data URI"),
    ])
    func `what is no attachment is refused by place`(_ uri: String, _ why: String) {
        let failure = #expect(throws: RequestFailure.self) {
            try Self.convert([#"{"type":"text","text":"a"}"#, Self.image(uri)])
        }
        #expect(failure?.param == "messages[0].content[1].image_url.url")
        #expect(failure?.message.contains(why) == true)
    }

    @Test(arguments: [("image/png", 3_932_160), ("application/pdf", 4_718_592)])
    func `an attachment has a size limit`(_ type: String, _ limit: Int) throws {
        let fits = Self.data([UInt8](repeating: 0, count: limit), type)
        _ = try Self.convert([Self.image(fits)])
        let failure = #expect(throws: RequestFailure.self) {
            try Self.convert([Self.image(Self.data([UInt8](repeating: 0, count: limit + 1), type))])
        }
        #expect(failure?.param == "messages[0].content[0].image_url.url")
        #expect(failure?.message.contains("\(limit + 1) bytes") == true)
    }

    @Test(arguments: [("image/png", 20), ("application/pdf", 5)])
    func `a message has a limited number of attachments`(_ type: String, _ limit: Int) throws {
        let parts = (0..<limit).map { Self.image(Self.data([UInt8($0)], type)) }
        _ = try Self.convert(parts)
        let failure = #expect(throws: RequestFailure.self) { try Self.convert(parts + [parts[0]]) }
        #expect(failure?.param == "messages[0].content[\(limit)]")
    }

    @Test(arguments: [("image/png", 20), ("application/pdf", 5)], [true, false])
    func `attachments in a message's tool results count with its others`(
        _ row: (type: String, limit: Int), _ hasTools: Bool
    ) throws {
        let parts = (0..<row.limit).map { Self.image(Self.data([UInt8($0)], row.type)) }
        let convert = { (results: [String], user: [String]) in
            let tools = hasTools ? #","tools":[{"type":"function","function":{"name":"f"}}]"# : ""
            return try ConverseRequestTests.convert(
                #"""
                "messages":[{"role":"user","content":"q"},
                {"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},
                {"role":"tool","tool_call_id":"c","content":[\#(results.joined(separator: ","))]},
                {"role":"user","content":[\#(user.joined(separator: ","))]}]\#(tools)
                """#)
        }
        _ = try convert(Array(parts.dropLast()), [parts[0]])
        let inResult = #expect(throws: RequestFailure.self) { try convert(parts + [parts[0]], [parts[0]]) }
        #expect(inResult?.param == "messages[2].content[\(row.limit)]")
        let besides = #expect(throws: RequestFailure.self) { try convert(parts, [parts[0]]) }
        #expect(besides?.param == "messages[3].content[0]")
        #expect(besides?.message.contains("at most \(row.limit) ") == true)
    }

    @Test func `a document in a tool result needs no text beside it`() throws {
        let document = Self.image(Self.data([1], "application/pdf"))
        let body = try ConverseRequestTests.convert(
            #"""
            "messages":[{"role":"user","content":"q"},
            {"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":[\#(document)]}],
            "tools":[{"type":"function","function":{"name":"f"}}]
            """#)
        #expect(body.contains(#""toolResult""#) && !body.contains(#"{"text":"."}"#))
    }

    private static let png: [UInt8] =
        [0x89] + "PNG\r\n".utf8 + [0x1A, 0x0A, 0, 0, 0, 13] + "IHDR".utf8 + [0, 0, 0x1F, 0x41, 0, 0, 0, 2]
    private static let jpeg: [UInt8] = [
        0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xC4, 0, 2, 0xFF, 0xC2, 0, 8, 8, 0, 2, 0x1F, 0x41,
    ]
    private static let gif: [UInt8] = Array("GIF89a".utf8) + [0x41, 0x1F, 2, 0]
    private static func webP(_ kind: String, _ rest: [UInt8]) -> [UInt8] {
        Array("RIFF....WEBP\(kind)....".utf8) + rest
    }
    static let images = [
        png, jpeg, gif, webP("VP8X", [0, 0, 0, 0, 0x40, 0x1F, 0, 1, 0, 0]),
        webP("VP8L", [0x2F, 0x40, 0x5F, 0, 0]), webP("VP8 ", [0, 0, 0, 0x9D, 1, 0x2A, 0x41, 0x1F, 2, 0]),
    ]

    @Test(arguments: images)
    func `an image of more than 8000 pixels a side is refused`(_ bytes: [UInt8]) throws {
        let text = try #require(Base64Text(Array(Data(bytes).base64EncodedString().utf8)[...]))
        let size = try #require(ImageSize(text))
        #expect(size.width == 8001)
        let failure = #expect(throws: RequestFailure.self) { try Self.convert([Self.image(Self.data(bytes))]) }
        #expect(failure?.message.contains("8001 x \(size.height)") == true)
    }

    @Test(arguments: images)
    func `damaged images have some size or none, never a crash`(_ bytes: [UInt8]) {
        for length in 1..<bytes.count {
            _ = Base64Text(Array(Data(bytes.prefix(length)).base64EncodedString().utf8)[...]).flatMap(ImageSize.init)
        }
        for (index, value) in zip(bytes.indices, sequence(first: UInt8(0xFF)) { $0 &* 167 &+ 13 }) {
            var damaged = bytes
            damaged[index] = value
            _ = Base64Text(Array(Data(damaged).base64EncodedString().utf8)[...]).flatMap(ImageSize.init)
        }
    }

    @Test func `base64 reads like the library's`() throws {
        for count in 1...20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ 7) }
            let text = try #require(Base64Text(Array(Data(bytes).base64EncodedString().utf8)[...]))
            #expect(text.count == count)
            #expect((0...count).map { text[$0] } == bytes.map(Int.init) + [nil])
        }
    }
}
