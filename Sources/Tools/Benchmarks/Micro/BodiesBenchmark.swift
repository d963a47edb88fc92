import Bedrock
import ChatCompletions

/// What translating costs: OpenAI's request into Converse's, and Converse's answer into OpenAI's.
struct BodiesBenchmark {
    let stopwatch: Stopwatch

    func rows() -> [Row] {
        [
            row("request decode + Converse encode", Samples.request, Self.translateRequest),
            row("reply decode + encode", Samples.converseAnswer, Self.translateAnswer),
        ]
    }

    private func row(_ name: String, _ body: [UInt8], _ translate: @escaping ([UInt8]) -> Int) -> Row {
        let scan = ByteScan()
        let figures = stopwatch.compare({ translate(body) }, to: { scan.scan(body) })
        return Row(
            "\(name), \(body.count) bytes", .microseconds, figures.measured, floor: figures.floor,
            is: "one copy, one look at each byte")
    }

    private static let target = ConverseTarget(
        model: Samples.modelID, capabilities: ModelCapabilities(baseModel: Samples.modelID),
        dropsUnsupportedParameters: false)

    private static func translateRequest(_ body: [UInt8]) -> Int {
        do throws(RequestFailure) {
            return try ConverseRequest(ChatRequest(json: body), for: target).json().count
        } catch {
            preconditionFailure("the sample request is valid: \(error)")
        }
    }

    private static func translateAnswer(_ body: [UInt8]) -> Int {
        do throws(ConverseResponse.Malformation) {
            let answer = try ConverseResponse(json: body)
            let response = ChatResponse(
                id: "chatcmpl-0123456789abcdef0123456789abcdef", created: 1_750_000_000, model: Samples.modelID,
                escapedContent: answer.escapedContent, finishReason: answer.finishReason, usage: answer.usage)
            return response.json().count
        } catch {
            preconditionFailure("the sample answer is valid: \(error)")
        }
    }
}

/// The least that any JSON translation does: every byte decides how the next is read, and the bytes are copied.
private struct ByteScan {
    /// By state and byte; states: outside a string, inside one, after a backslash.
    private var next = [UInt8](repeating: 0, count: 3 * 256)

    init() {
        for byte in 0..<256 {
            next[256 + byte] = 1
            next[512 + byte] = 1
        }
        next[Int(UInt8(ascii: "\""))] = 1
        next[256 + Int(UInt8(ascii: "\""))] = 0
        next[256 + Int(UInt8(ascii: "\\"))] = 2
    }

    func scan(_ body: [UInt8]) -> Int {
        var copy: [UInt8] = []
        copy.reserveCapacity(body.count)
        var state = 0
        for byte in body {
            state = Int(next[state << 8 | Int(byte)])
            copy.append(byte)
        }
        return copy.count + state
    }
}
