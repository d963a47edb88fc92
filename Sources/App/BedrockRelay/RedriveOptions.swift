extension CommandLineOptions {
    struct RedriveOptions: Equatable {
        var configurations: [String] = []
        /// Nil: all.
        var limit: Int?
        /// Empty: every type.
        var errorTypes: [String] = []
        var maxRedrives = 10
        var isDryRun = false
    }

    static func redrive(_ arguments: [String]) throws(CommandLineError) -> CommandLineOptions {
        var reader = ArgumentReader(arguments, .redrive)
        var options = RedriveOptions()
        while let option = try reader.next() {
            switch option {
            case "--config", "-c": options.configurations.append(try reader.value(of: option))
            case "--limit": options.limit = try reader.count(of: option)
            case "--error-type": options.errorTypes.append(try reader.value(of: option))
            case "--max-redrives": options.maxRedrives = try reader.count(of: option)
            case "--dry-run": options.isDryRun = true
            case "--help", "-h": return .help(.redrive)
            default:
                throw reader.unknown(
                    option,
                    known: ["--config", "--limit", "--error-type", "--max-redrives", "--dry-run", "--help"])
            }
        }
        guard !options.configurations.isEmpty else {
            throw CommandLineError(message: "redrive needs --config FILE", topic: .redrive)
        }
        return .redrive(options)
    }
}

extension ArgumentReader {
    /// A whole number above nought.
    fileprivate mutating func count(of option: String) throws(CommandLineError) -> Int {
        let text = try value(of: option)
        guard let count = Int(text), count > 0 else {
            throw CommandLineError(message: "\(option) needs a whole number above 0, not \"\(text)\"", topic: topic)
        }
        return count
    }
}
