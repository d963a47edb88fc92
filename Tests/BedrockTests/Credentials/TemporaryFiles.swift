import Glibc

/// A folder of its own for a test, gone when the test has ended.
final class TemporaryFiles {
    let folder: String

    private struct Failure: Error { var number = errno }

    init() throws {
        var template = Array("/tmp/credentials-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure() }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private var names: [String] = []

    /// Writes a file, over what it held, and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard let file = fopen(path, "w") else { throw Failure() }
        fputs(text, file)
        fclose(file)
        names.append(name)
        return path
    }

    /// The environment that names these files as the shared ones.
    func environment(config: String = "", credentials: String = "", _ more: [String: String] = [:]) throws -> [String:
        String]
    {
        [
            "AWS_CONFIG_FILE": try write("config", config),
            "AWS_SHARED_CREDENTIALS_FILE": try write("credentials", credentials),
        ].merging(more) { $1 }
    }
}
