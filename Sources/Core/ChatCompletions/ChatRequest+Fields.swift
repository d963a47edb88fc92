import JSON

extension ChatRequest {
    /// What the members of a body say.
    struct Fields: Sendable {
        let body: JSONDocument
        private(set) var model = ""
        private(set) var isStream = false
        private(set) var streamOptions = StreamOptions()
        private(set) var responseFormat: ResponseFormat?
        private(set) var messages: JSONValue
        private(set) var overrides = RequestOverrides()
        private(set) var maxTokens: Int?
        private(set) var maxCompletionTokens: Int?

        init(reading body: JSONDocument) throws(RequestFailure) {
            self.body = body
            messages = body.root  // until the member of that name comes by
            guard body.root.isObject else { throw .invalid("The request's body must be a JSON object.") }
            for member in body.root.members {
                switch Member.table[member.key] {
                case .own(let key): try read(key, member.value)
                case .checked(let parameter): try parameter.check(member.value)
                case .routing(let key): try overrides.read(key, member.value)
                case nil: break
                }
            }
            guard !model.isEmpty else { throw .missing("model") }
            guard messages.isArray else { throw .missing("messages") }
        }

        private enum Key: String, CaseIterable, Sendable {
            case model, messages, stream
            case streamOptions = "stream_options"
            case maxTokens = "max_tokens"
            case maxCompletionTokens = "max_completion_tokens"
            case responseFormat = "response_format"
        }

        /// Who takes which of the body's members: one look-up for each.
        private enum Member: Sendable {
            case own(Key)
            case checked(CheckedParameter)
            case routing(RequestOverrides.Key)

            static let table = KeyTable(
                Key.allCases.map(Member.own) + CheckedParameter.allCases.map(Member.checked)
                    + RequestOverrides.Key.allCases.map(Member.routing), name: \.name)

            private var name: String {
                switch self {
                case .own(let key): key.rawValue
                case .checked(let parameter): parameter.rawValue
                case .routing(let key): key.rawValue
                }
            }
        }

        /// Takes one member of the body. A null is as good as absent, where the parameter is not required.
        private mutating func read(_ key: Key, _ value: JSONValue) throws(RequestFailure) {
            switch key {
            case .model: model = try value.requireName("model")
            case .messages:
                try value.checkMessages()
                messages = value
            case _ where value.isNull: return
            case .stream: isStream = try value.requireBool("stream")
            case .streamOptions: streamOptions = try StreamOptions(value)
            case .maxTokens: maxTokens = try value.requireInteger(atLeast: 1, "max_tokens")
            case .maxCompletionTokens:
                maxCompletionTokens = try value.requireInteger(atLeast: 1, "max_completion_tokens")
            case .responseFormat: responseFormat = try ResponseFormat(value)
            }
        }
    }
}

extension ChatRequest.StreamOptions {
    fileprivate init(_ value: JSONValue) throws(RequestFailure) {
        guard value.isObject else { throw .wrongType("stream_options", expected: "an object", found: value) }
        if let flag = value["include_usage"], !flag.isNull {
            includeUsage = try flag.requireBool("stream_options.include_usage")
        }
    }
}

extension ChatRequest.ResponseFormat {
    fileprivate init(_ value: JSONValue) throws(RequestFailure) {
        guard value.isObject else { throw .wrongType("response_format", expected: "an object", found: value) }
        guard let type = value["type"] else { throw .missing("response_format.type") }
        guard type.isString else { throw .wrongType("response_format.type", expected: "a string", found: type) }
        guard let format = Self.table[type] else {
            throw .unknownValue("response_format.type", type, supported: Self.allCases.map(\.rawValue))
        }
        self = format
        guard format == .jsonSchema else { return }
        guard let schema = value["json_schema"] else { throw .missing("response_format.json_schema") }
        guard schema.isObject else {
            throw .wrongType("response_format.json_schema", expected: "an object", found: schema)
        }
    }
}
