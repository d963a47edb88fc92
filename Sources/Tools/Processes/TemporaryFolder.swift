import Glibc

/// A folder that goes with its object, and all that is in it.
public final class TemporaryFolder {
    public let path: String

    public init() throws(SystemFailure) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/bedrock-relay.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemFailure("no folder in \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // A folder that stays behind is no reason to fail.
        guard let (process, input) = try? Program.start("/bin/rm", ["-rf", path]) else { return }
        close(input)
        waitpid(process, nil, 0)
    }

    /// Writes a file, over what it held, and returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws(SystemFailure) -> String {
        let file = "\(path)/\(name)"
        guard let stream = fopen(file, "w") else {
            throw SystemFailure("cannot write \(file): \(String(cString: strerror(errno)))")
        }
        let isWritten = fputs(text, stream) >= 0
        guard fclose(stream) == 0, isWritten else { throw SystemFailure("cannot write \(file)") }
        return file
    }
}
