import JSON
import Testing

@Suite struct JSONKeyIndexTests {
    @Test func `a text is found at its place in the list`() throws {
        let index = JSONKeyIndex(["stream", "n", "", "top_k", "top_p", "é"])
        let texts = #"["stream","n","","top_k","top_p","é","t\u006fp_p","\u00e9","top_x","m","streams",1,null,["n"]]"#
        let places = try JSONDocument(parsing: Array(texts.utf8)).root.elements.map(index.place)
        #expect(places == [0, 1, 2, 3, 4, 5, 4, 5, nil, nil, nil, nil, nil, nil])
    }

    @Test func `nothing is found in an empty list`() throws {
        let texts = try JSONDocument(parsing: Array(#"["","a"]"#.utf8)).root.elements
        #expect(texts.compactMap(JSONKeyIndex([]).place).isEmpty)
    }
}
