import Glibc

/// Writes HTTP answers with the headers and documents of the Bedrock runtime API.
struct AnswerComposer {
    /// Seconds since 1970 for which `date` holds.
    private var dateSecond = 0
    private var date: [UInt8] = []
    private var identifiers = SeededRandom(seed: UInt64(bitPattern: Clock.monotonic))
    private var body: [UInt8] = []

    /// What one answer's head says besides its body's length.
    struct Head {
        var status: Int
        var contentType: StaticString = "application/json"
        /// Becomes `x-amzn-ErrorType`.
        var errorType: String?
        var headers: [ModelScript.Header] = []
        var closes = false
        /// The body comes in chunks, and its length is not known yet.
        var isChunked = false
    }

    /// Brings the Date header up to date; once per turn of the loop is enough.
    mutating func setTime(unixSeconds: Int) {
        guard unixSeconds != dateSecond else { return }
        dateSecond = unixSeconds
        date.removeAll(keepingCapacity: true)
        date.append(httpDate: unixSeconds)
    }

    /// The answer that `step` asks for; nothing for those that send none.
    mutating func write(
        _ step: ModelScript.Step, of model: borrowing PlayedModel, echo: Bytes, inputBytes: Int, latency: Duration,
        closes: Bool, into out: inout [UInt8]
    ) {
        guard let status = step.status else { return }
        body.removeAll(keepingCapacity: true)
        var head = Head(status: status, closes: closes)
        if status == 200 {
            writeCompletion(of: model, echo: echo, inputBytes: inputBytes, latency: latency)
        } else {
            writeFailure(step, of: model, head: &head)
        }
        switch step {
        case .hang, .reset, .answer, .streamFault: writeAnswer(head, into: &out)
        case .malformedBody:
            body.removeLast(body.count / 2)
            writeAnswer(head, into: &out)
        case .truncatedBody, .resetMidBody:
            writeHead(head, length: body.count, into: &out)
            out.append(contentsOf: body[..<(body.count / 2)])
        case .emptyBody:
            body.removeAll(keepingCapacity: true)
            writeAnswer(head, into: &out)
        case .htmlBody:
            // A proxy's page: it knows nothing of Bedrock's error types.
            writePage(status: status)
            writeAnswer(Head(status: status, contentType: "text/html", closes: closes), into: &out)
        }
    }

    mutating func write(_ refusal: Refusal, closes: Bool, into out: inout [UInt8]) {
        body.removeAll(keepingCapacity: true)
        body.append("{\"message\":\"")
        body.append(refusal.message)
        body.append("\"}")
        let head = Head(status: refusal.status, errorType: refusal.errorType.description, closes: closes)
        writeAnswer(head, into: &out)
    }

    /// An answer of the simulator's own control pages.
    mutating func write(page: [UInt8], status: Int, contentType: StaticString, into out: inout [UInt8]) {
        body = page
        writeAnswer(Head(status: status, contentType: contentType), into: &out)
    }

    private mutating func writeCompletion(
        of model: borrowing PlayedModel, echo: Bytes, inputBytes: Int, latency: Duration
    ) {
        let input = model.script.inputTokens.tokens(forBytes: inputBytes)
        body.append("{\"metrics\":{\"latencyMs\":")
        body.append(decimal: max(1, latency.wholeMilliseconds))
        body.append("},\"output\":{\"message\":{\"content\":[")
        if let reasoning = model.script.reasoning {
            body.append("{\"reasoningContent\":{\"reasoningText\":{\"text\":\"")
            body.append(jsonText: reasoning)
            body.append("\"}}},")
        }
        body.append("{\"text\":\"")
        let textStart = body.count
        switch model.script.text {
        case .fixed: body.append(contentsOf: model.textJSON)
        case .echo: body.append(contentsOf: echo)
        }
        let output = model.script.outputTokens.tokens(forBytes: body.count - textStart)
        body.append("\"}")
        if let tool = model.script.tool {
            body.append(",{\"toolUse\":{\"toolUseId\":\"tooluse_Sim1\",\"name\":\"")
            body.append(jsonText: tool.name)
            body.append("\",\"input\":")
            body.append(contentsOf: tool.input.utf8)
            body.append("}}")
        }
        body.append("],\"role\":\"assistant\"}},\"stopReason\":\"")
        body.append(jsonText: model.script.effectiveStopReason)
        body.append("\",\"usage\":{\"inputTokens\":")
        body.append(decimal: input)
        body.append(",\"outputTokens\":")
        body.append(decimal: output)
        body.append(",\"totalTokens\":")
        body.append(decimal: input + output)
        body.append("}}")
    }

    private mutating func writeFailure(
        _ step: ModelScript.Step, of model: borrowing PlayedModel, head: inout Head
    ) {
        let known = BedrockFailure(status: head.status)
        head.errorType = model.script.errorType ?? known.errorType
        if case .answer(_, let errorType?) = step { head.errorType = errorType }
        head.headers = model.script.failureHeaders
        body.append("{\"message\":\"")
        body.append(jsonText: model.script.errorMessage ?? known.message)
        body.append("\"")
        if head.errorType == "ModelErrorException" {
            body.append(",\"originalStatusCode\":500,\"resourceName\":\"")
            body.append(jsonText: model.name)
            body.append("\"")
        }
        body.append("}")
    }

    mutating func writeStreamHead(closes: Bool, into out: inout [UInt8]) {
        let head = Head(status: 200, contentType: "application/vnd.amazon.eventstream", closes: closes, isChunked: true)
        writeHead(head, length: 0, into: &out)
    }

    private mutating func writePage(status: Int) {
        body.removeAll(keepingCapacity: true)
        body.append("<html>\r\n<head><title>")
        body.append(decimal: status)
        body.append("</title></head>\r\n<body><center><h1>")
        body.append(decimal: status)
        body.append("</h1></center></body>\r\n</html>\r\n")
    }

    private mutating func writeAnswer(_ head: Head, into out: inout [UInt8]) {
        writeHead(head, length: body.count, into: &out)
        out.append(contentsOf: body)
    }

    private mutating func writeHead(_ head: Head, length: Int, into out: inout [UInt8]) {
        out.append("HTTP/1.1 ")
        out.append(decimal: head.status)
        out.append(UInt8(ascii: " "))
        out.append(Self.reason(head.status))
        out.append("\r\nDate: ")
        out.append(contentsOf: date)
        out.append("\r\nContent-Type: ")
        out.append(head.contentType)
        if head.isChunked {
            out.append("\r\nTransfer-Encoding: chunked")
        } else {
            out.append("\r\nContent-Length: ")
            out.append(decimal: length)
        }
        out.append(head.closes ? "\r\nConnection: close" : "\r\nConnection: keep-alive")
        out.append("\r\nx-amzn-RequestId: ")
        out.append(uuid: identifiers.next(), identifiers.next())
        if let errorType = head.errorType {
            // Bedrock names the type and, after a colon, the namespace it is from.
            out.append("\r\nx-amzn-ErrorType: ")
            out.append(contentsOf: errorType.utf8)
            out.append(":http://internal.amazon.com/coral/com.amazon.bedrock/")
        }
        for header in head.headers {
            out.append("\r\n")
            out.append(contentsOf: header.name.utf8)
            out.append(": ")
            out.append(contentsOf: header.value.utf8)
        }
        out.append("\r\n\r\n")
    }

    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 408: "Request Timeout"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 424: "Failed Dependency"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Unknown"
        }
    }
}

extension [UInt8] {
    /// `Mon, 05 Jan 2026 10:00:00 GMT`
    fileprivate mutating func append(httpDate unixSeconds: Int) {
        var seconds = time_t(unixSeconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months: [StaticString] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        append(days[Int(parts.tm_wday)])
        append(", ")
        append(decimal: Int(parts.tm_mday), width: 2)
        append(UInt8(ascii: " "))
        append(months[Int(parts.tm_mon)])
        append(UInt8(ascii: " "))
        append(decimal: Int(parts.tm_year) + 1900)
        for (separator, part) in [(" ", parts.tm_hour), (":", parts.tm_min), (":", parts.tm_sec)]
            as [(StaticString, Int32)]
        {
            append(separator)
            append(decimal: Int(part), width: 2)
        }
        append(" GMT")
    }

    fileprivate mutating func append(uuid high: UInt64, _ low: UInt64) {
        append(hex: high >> 32, digits: 8)
        append(UInt8(ascii: "-"))
        append(hex: high >> 16, digits: 4)
        append("-4")
        append(hex: high, digits: 3)
        append("-8")
        append(hex: low >> 48, digits: 3)
        append(UInt8(ascii: "-"))
        append(hex: low, digits: 12)
    }
}
