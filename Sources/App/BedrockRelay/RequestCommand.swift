import Configuration
import EventLoop
import Glibc
import JSON
import Kafka
import Logging

/// `bedrock-relay request`: one chat request, its reply printed.
enum RequestCommand {
    static func run(
        _ options: CommandLineOptions.RequestOptions, _ configuration: ServiceConfiguration
    ) async -> ExitCode {
        let logger = Logger(level: .error, format: .text)
        do {
            let body = try body(options, configuration)
            guard let reply = try await submit(body, options, configuration, logger) else {
                StandardStreams.write(
                    "no reply within \(Int(options.timeout.inSeconds)) s: is `bedrock-relay run` up, and reading "
                        + "\(configuration.relay.requestTopics[0])?\n", to: STDERR_FILENO)
                return .failure
            }
            return print(reply, options)
        } catch {
            StandardStreams.write("request failed: \(error)\n", to: STDERR_FILENO)
            return .failure
        }
    }

    private static func submit(
        _ body: [UInt8], _ options: CommandLineOptions.RequestOptions, _ configuration: ServiceConfiguration,
        _ logger: Logger
    ) async throws -> ReplyClient.Reply? {
        let deadline = EventLoop.shared.now.advanced(by: options.timeout)
        let replyTopic = options.replyTopic ?? configuration.relay.replyTopic
        let properties = try await MSKTokens.properties(of: configuration, logger: logger)
        let client = try await ReplyClient(
            properties: properties, requestTopic: configuration.relay.requestTopics[0],
            replyTopics: [replyTopic], refusalTopic: configuration.relay.replyTopic, deadline: deadline,
            logger: logger)
        let headers = options.replyTopic.map { [("reply-topic", $0)] } ?? []
        let isRaw = options.body != nil
        let reply = try await client.send(body, headers: headers, deadline: deadline) { chunk in
            if isRaw {
                StandardStreams.write((chunk.value ?? []) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
            } else if let text = ReplyClient.Reply.piece(of: chunk) {
                StandardStreams.write(text, to: STDOUT_FILENO)
            }
        }
        await client.close()
        return reply
    }

    private static func print(
        _ reply: ReplyClient.Reply, _ options: CommandLineOptions.RequestOptions
    ) -> ExitCode {
        let isSuccess = reply.status == 200
        if options.body != nil {
            StandardStreams.write(reply.body + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
            return isSuccess ? .success : .failure
        }
        guard isSuccess else {
            if options.isStream { StandardStreams.write("\n", to: STDOUT_FILENO) }
            StandardStreams.write("error \(reply.status): \(reply.text ?? "no message")\n", to: STDERR_FILENO)
            return .failure
        }
        StandardStreams.write((reply.text ?? "") + "\n", to: STDOUT_FILENO)
        let facts = [
            "x-relay-model-group", "x-relay-model", "x-relay-attempted-retries", "x-relay-attempted-fallbacks",
        ]
        let told = facts.compactMap { name in reply.header(name).map { "\(name.dropFirst(8)): \($0)" } }
        StandardStreams.write("(\(told.joined(separator: ", ")))\n", to: STDERR_FILENO)
        return .success
    }

    private static func body(
        _ options: CommandLineOptions.RequestOptions, _ configuration: ServiceConfiguration
    ) throws -> [UInt8] {
        switch options.body {
        case .standardInput: return try read(STDIN_FILENO, "standard input")
        case .file(let path):
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw InputError(message: "\(path): \(String(cString: strerror(errno)))") }
            defer { close(descriptor) }
            return try read(descriptor, path)
        case nil:
            guard let model = options.model ?? configuration.modelGroups.first else {
                throw InputError(message: "no model: give --model, or a configuration with a model_list")
            }
            return ChatBody.make(model: model, text: options.text ?? "") { body in
                if options.isStream { body.member("stream", true) }
            }
        }
    }

    private static func read(_ descriptor: Int32, _ name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw InputError(message: "\(name): \(String(cString: strerror(errno)))") }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    private struct InputError: Error, CustomStringConvertible {
        var message: String
        var description: String { message }
    }
}

/// The simplest chat request body.
enum ChatBody {
    static func make(model: String, text: String, extras: (inout JSONWriter) -> Void = { _ in }) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("model", model)
        writer.key("messages")
        writer.beginArray()
        writer.beginObject()
        writer.member("role", "user")
        writer.member("content", text)
        writer.endObject()
        writer.endArray()
        extras(&writer)
        writer.endObject()
        return writer.finish()
    }
}
