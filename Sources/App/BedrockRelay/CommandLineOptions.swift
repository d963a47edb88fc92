import Configuration

/// What the command line asks for.
enum CommandLineOptions: Equatable {
    case run(configurations: [String])
    case check(configurations: [String])
    case demo(route: String?)
    case request(RequestOptions)
    case redrive(RedriveOptions)
    case help(HelpTopic)
    case version

    struct RequestOptions: Equatable {
        var configurations: [String] = []
        var model: String?
        var text: String?
        var body: BodySource?
        var replyTopic: String?
        /// Whether the answer is wanted as it comes.
        var isStream = false
        var timeout = Duration.seconds(60)

        /// Where `--json` and `--body` take the raw request body from.
        enum BodySource: Equatable {
            case standardInput
            case file(String)
        }
    }
}

/// What help is about.
enum HelpTopic: String, CaseIterable {
    case overview, run, check, demo, request, redrive
}

/// A command line that cannot be understood: exit code 2.
struct CommandLineError: Error, Equatable {
    var message: String
    var topic: HelpTopic
}

extension CommandLineOptions {
    /// Parses the arguments after the program's name.
    init(_ arguments: [String]) throws(CommandLineError) {
        guard let first = arguments.first else {
            throw CommandLineError(message: "no command given", topic: .overview)
        }
        let rest = Array(arguments.dropFirst())
        switch first {
        case "--help", "-h", "help": self = .help(rest.first.flatMap(HelpTopic.init(rawValue:)) ?? .overview)
        case "--version": self = .version
        case "run": self = try Self.parse(rest, .run) { .run(configurations: $0) }
        case "check": self = try Self.parse(rest, .check) { .check(configurations: $0) }
        case "demo": self = try Self.demo(rest)
        case "request": self = try Self.request(rest)
        case "redrive": self = try Self.redrive(rest)
        default:
            throw CommandLineError(
                message: "unknown command \"\(first)\"" + suggestion(for: first, among: HelpTopic.commands),
                topic: .overview)
        }
    }

    private static func parse(
        _ arguments: [String], _ topic: HelpTopic, _ make: ([String]) -> CommandLineOptions
    ) throws(CommandLineError) -> CommandLineOptions {
        var reader = ArgumentReader(arguments, topic)
        var configurations: [String] = []
        while let option = try reader.next() {
            switch option {
            case "--config", "-c": configurations.append(try reader.value(of: option))
            case "--help", "-h": return .help(topic)
            default: throw reader.unknown(option, known: ["--config", "--help"])
            }
        }
        guard !configurations.isEmpty else {
            throw CommandLineError(message: "\(topic.rawValue) needs --config FILE", topic: topic)
        }
        return make(configurations)
    }

    private static func demo(_ arguments: [String]) throws(CommandLineError) -> CommandLineOptions {
        var reader = ArgumentReader(arguments, .demo)
        var route: String?
        while let option = try reader.next() {
            switch option {
            case "--route":
                let name = try reader.value(of: option)
                guard DemoRoute(rawValue: name) != nil else {
                    let known = DemoRoute.allCases.map(\.rawValue)
                    throw CommandLineError(
                        message: "unknown route \"\(name)\"" + suggestion(for: name, among: known)
                            + "; the routes are \(known.joined(separator: ", "))", topic: .demo)
                }
                route = name
            case "--help", "-h": return .help(.demo)
            default: throw reader.unknown(option, known: ["--route", "--help"])
            }
        }
        return .demo(route: route)
    }

    private static func request(_ arguments: [String]) throws(CommandLineError) -> CommandLineOptions {
        var reader = ArgumentReader(arguments, .request)
        var options = RequestOptions()
        var words: [String] = []
        while let option = try reader.next() {
            switch option {
            case "--config", "-c": options.configurations.append(try reader.value(of: option))
            case "--model", "-m": options.model = try reader.value(of: option)
            case "--json": options.body = .standardInput
            case "--body": options.body = .file(try reader.value(of: option))
            case "--reply-topic": options.replyTopic = try reader.value(of: option)
            case "--timeout": options.timeout = try reader.seconds(of: option)
            case "--stream": options.isStream = true
            case "--help", "-h": return .help(.request)
            case "--": words += reader.remaining()
            default:
                guard !option.hasPrefix("-") else {
                    throw reader.unknown(
                        option,
                        known: ["--config", "--model", "--stream", "--json", "--body", "--reply-topic", "--timeout"])
                }
                words.append(option)
            }
        }
        options.text = words.isEmpty ? nil : words.joined(separator: " ")
        try check(options)
        return .request(options)
    }

    private static func check(_ options: RequestOptions) throws(CommandLineError) {
        func fail(_ message: String) -> CommandLineError { CommandLineError(message: message, topic: .request) }
        if options.configurations.isEmpty { throw fail("request needs --config FILE") }
        if options.text == nil, options.body == nil { throw fail("request needs a TEXT, --json or --body FILE") }
        if options.text != nil, options.body != nil { throw fail("TEXT and a raw body exclude each other") }
        if options.model != nil, options.body != nil { throw fail("--model and a raw body exclude each other") }
        if options.isStream, options.body != nil {
            throw fail("--stream and a raw body exclude each other: the body says \"stream\": true itself")
        }
    }
}

/// Walks over a command's arguments.
struct ArgumentReader {
    private var arguments: ArraySlice<String>
    let topic: HelpTopic
    /// Of `--name=value`, until the value is taken.
    private var inline: (option: String, value: String)?

    init(_ arguments: [String], _ topic: HelpTopic) {
        self.arguments = arguments[...]
        self.topic = topic
    }

    /// The next argument; of `--name=value` the name, the value then being `value(of:)`, which must be asked for.
    mutating func next() throws(CommandLineError) -> String? {
        if let inline {
            throw CommandLineError(message: "\(inline.option) takes no value", topic: topic)
        }
        guard let argument = arguments.popFirst() else { return nil }
        guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return argument }
        let option = String(argument[..<equals])
        inline = (option, String(argument[argument.index(after: equals)...]))
        return option
    }

    mutating func value(of option: String) throws(CommandLineError) -> String {
        guard let value = inline.take()?.value ?? arguments.popFirst(), !value.isEmpty else {
            throw CommandLineError(message: "\(option) needs a value", topic: topic)
        }
        return value
    }

    mutating func seconds(of option: String) throws(CommandLineError) -> Duration {
        let text = try value(of: option)
        guard let seconds = Double(text), seconds > 0, seconds <= 86_400 else {
            throw CommandLineError(message: "\(option) needs seconds, not \"\(text)\"", topic: topic)
        }
        return .seconds(seconds)
    }

    mutating func remaining() -> [String] {
        defer { arguments = [] }
        return Array(arguments)
    }

    func unknown(_ option: String, known: [String]) -> CommandLineError {
        CommandLineError(
            message: "\(topic.rawValue) does not know \"\(option)\"" + suggestion(for: option, among: known),
            topic: topic)
    }
}

/// `; did you mean "check"?` where a known word is near, else nothing.
private func suggestion(for word: String, among known: [String]) -> String {
    EditDistance.nearest(to: word, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
}
