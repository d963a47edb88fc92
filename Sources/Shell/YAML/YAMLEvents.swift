import CYaml

/// One libyaml event, copied out.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(text: String, isQuoted: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    var kind: Kind
    var line: Int
    var anchor: String?
    var tag: String?
}

/// Owns a libyaml parser and the bytes it reads; not copyable, so both are freed exactly once, on every path.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// libyaml keeps a pointer to its input instead of copying it.
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let file: String

    init(text: String, file: String) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(file: file, line: 1, message: "out of memory")
        }
        // libyaml skips a byte order mark only where it is to find out the encoding itself.
        let bytes = text.utf8.starts(with: [0xEF, 0xBB, 0xBF]) ? text.utf8.dropFirst(3) : text.utf8[...]
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(from: bytes)
        self.parser = parser
        self.file = file
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    mutating func next() throws(YAMLError) -> YAMLEvent {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw failure() }
        defer { yaml_event_delete(&raw) }
        return YAMLEvent(raw)
    }

    private func failure() -> YAMLError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
        let context = parser.pointee.context.map { " " + String(cString: $0) } ?? ""
        // Errors of the reader (encoding, control characters) come as a byte offset, without a mark.
        let line: Int
        if parser.pointee.error == YAML_READER_ERROR {
            line = input.prefix(parser.pointee.problem_offset).count { $0 == UInt8(ascii: "\n") }
        } else {
            line = parser.pointee.problem_mark.line
        }
        return YAMLError(file: file, line: line + 1, message: "not valid YAML: \(problem)\(context)")
    }
}

extension YAMLEvent {
    fileprivate init(_ raw: yaml_event_t) {
        line = raw.start_mark.line + 1
        switch raw.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = .alias(Self.text(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = .scalar(
                text: String(decoding: bytes, as: UTF8.self), isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE)
            anchor = Self.text(scalar.anchor)
            tag = Self.text(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            anchor = Self.text(raw.data.sequence_start.anchor)
            tag = Self.text(raw.data.sequence_start.tag)
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            anchor = Self.text(raw.data.mapping_start.anchor)
            tag = Self.text(raw.data.mapping_start.tag)
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        // What libyaml answers after the end, or has no name for, ends the stream.
        default: kind = .streamEnd
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
