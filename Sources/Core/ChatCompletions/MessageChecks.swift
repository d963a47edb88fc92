import JSON

/// The form that `messages` must have. Paths are built only for a failure.
extension JSONValue {
    func checkMessages() throws(RequestFailure) {
        guard isArray else { throw .wrongType("messages", expected: "an array of messages", found: self) }
        guard !elements.isEmpty else { throw .empty("messages", "array") }
        var index = 0
        for message in elements {
            do { try message.checkMessage() } catch { throw error.failure(at: "messages[\(index)]") }
            index += 1
        }
    }

    private func checkMessage() throws(Misfit) {
        guard isObject else { throw .wrongType("", expected: "an object", self) }
        var role: JSONValue?
        var content: JSONValue?
        var toolCalls: JSONValue?
        for member in members {
            switch MessageKey.table[member.key] {
            case .role: role = member.value
            case .content: content = member.value
            case .toolCalls: toolCalls = member.value
            case .name:
                guard member.value.isString || member.value.isNull else {
                    throw .wrongType(".name", expected: "a string", member.value)
                }
            case nil: break
            }
        }
        guard let role else { throw .missing(".role") }
        let speaker = try role.checkedRole()
        try content.checkContent(of: speaker, in: self)
        if speaker == .assistant, let toolCalls, !toolCalls.isNull { try toolCalls.checkToolCalls() }
        if speaker == .tool { try checkToolCallID() }
    }

    private func checkedRole() throws(Misfit) -> ChatRole {
        if let role = ChatRole(self) { return role }
        guard isString else { throw .wrongType(".role", expected: "a string", self) }
        if isString("function") {
            throw .unsupported(".role", "The role 'function' is not supported; use 'tool' and tool calls.")
        }
        throw .unknownValue(".role", self, supported: ChatRole.allCases.map(\.rawValue))
    }

    private func checkToolCallID() throws(Misfit) {
        guard let id = self["tool_call_id"] else { throw .missing(".tool_call_id") }
        guard id.isString else { throw .wrongType(".tool_call_id", expected: "a string", id) }
    }

    private func checkToolCalls() throws(Misfit) {
        guard isArray else { throw .wrongType(".tool_calls", expected: "an array of tool calls", self) }
        var index = 0
        for call in elements {
            let path = ".tool_calls[\(index)]"
            guard call.isObject else { throw .wrongType(path, expected: "an object", call) }
            guard let id = call["id"] else { throw .missing("\(path).id") }
            guard id.isString else { throw .wrongType("\(path).id", expected: "a string", id) }
            guard let function = call["function"] else { throw .missing("\(path).function") }
            guard function.isObject else { throw .wrongType("\(path).function", expected: "an object", function) }
            for key in ["name", "arguments"] {
                guard let value = function[key] else { throw .missing("\(path).function.\(key)") }
                guard value.isString else {
                    throw .wrongType("\(path).function.\(key)", expected: "a string", value)
                }
            }
            index += 1
        }
    }

    fileprivate func checkParts() throws(Misfit) {
        guard !elements.isEmpty else { throw .empty(".content", "array") }
        var index = 0
        for part in elements {
            do { try part.checkPart() } catch { throw error.prefixed(".content[\(index)]") }
            index += 1
        }
    }

    /// Which types of part a model takes is the provider's to say; here, a part must be one.
    private func checkPart() throws(Misfit) {
        guard isObject else { throw .wrongType("", expected: "an object", self) }
        guard let type = self["type"] else { throw .missing(".type") }
        guard type.isString else { throw .wrongType(".type", expected: "a string", type) }
        if type.isString("text") {
            guard let text = self["text"] else { throw .missing(".text") }
            guard text.isString else { throw .wrongType(".text", expected: "a string", text) }
        } else if type.isString("image_url") {
            guard let image = self["image_url"] else { throw .missing(".image_url") }
            if image.isString { return }  // LiteLLM's short form
            guard image.isObject else { throw .wrongType(".image_url", expected: "an object", image) }
            guard let url = image["url"] else { throw .missing(".image_url.url") }
            guard url.isString else { throw .wrongType(".image_url.url", expected: "a string", url) }
        }
    }
}

extension Optional<JSONValue> {
    /// Content is a string or a list of parts. An assistant may say nothing if it did something else.
    fileprivate func checkContent(of role: ChatRole, in message: JSONValue) throws(Misfit) {
        guard let content = self, !content.isNull else {
            let others = ["tool_calls", "function_call", "refusal", "audio", "thinking_blocks", "reasoning_content"]
            if role == .assistant, others.contains(where: { message[$0].map { !$0.isNull } ?? false }) { return }
            guard let content = self else { throw .missing(".content") }
            throw .wrongType(".content", expected: "a string or an array of content parts", content)
        }
        if content.isString { return }
        guard content.isArray else {
            throw .wrongType(".content", expected: "a string or an array of content parts", content)
        }
        try content.checkParts()
    }
}

private enum MessageKey: String, CaseIterable, Sendable {
    case role, content, name
    case toolCalls = "tool_calls"

    static let table = KeyTable<MessageKey>()
}

/// A failure within a message, whose place in the request its caller knows.
private struct Misfit: Error {
    var path: String
    let makeFailure: @Sendable (String) -> RequestFailure

    func failure(at prefix: String) -> RequestFailure { makeFailure(prefix + path) }

    func prefixed(_ prefix: String) -> Misfit { Misfit(path: prefix + path, makeFailure: makeFailure) }

    static func missing(_ path: String) -> Misfit { Misfit(path: path) { .missing($0) } }
    static func empty(_ path: String, _ what: String) -> Misfit { Misfit(path: path) { .empty($0, what) } }
    static func wrongType(_ path: String, expected: String, _ found: JSONValue) -> Misfit {
        Misfit(path: path) { .wrongType($0, expected: expected, found: found) }
    }
    static func unknownValue(_ path: String, _ found: JSONValue, supported: [String]) -> Misfit {
        Misfit(path: path) { .unknownValue($0, found, supported: supported) }
    }
    static func unsupported(_ path: String, _ message: String) -> Misfit {
        Misfit(path: path) { .invalid(message, param: $0, code: "unsupported_value") }
    }
}
