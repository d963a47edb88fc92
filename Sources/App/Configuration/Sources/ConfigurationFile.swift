import Glibc

/// Reads whole files. Pipes are fine; what has no end, or is far too large for a configuration, is not.
enum ConfigurationFile {
    struct Failure: Error {
        /// What is wrong with the file, and what is expected.
        var message: String
    }

    private static let largest = 64 << 20

    static func text(of path: String) throws(Failure) -> String {
        guard let text = String(validating: try bytes(of: path), as: UTF8.self) else {
            throw Failure(message: "is not UTF-8 text, expected a YAML file")
        }
        return text
    }

    private static func bytes(of path: String) throws(Failure) -> [UInt8] {
        // C would take the path for one that ends there.
        guard !path.utf8.contains(0), let file = fopen(path, "r") else { throw unreadable }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if ferror(file) != 0 { throw unreadable }  // a folder, for instance
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= largest else {
                throw Failure(message: "is larger than \(largest >> 20) MB, expected a YAML file")
            }
        }
    }

    private static var unreadable: Failure { Failure(message: "cannot be read, expected a YAML file") }
}
