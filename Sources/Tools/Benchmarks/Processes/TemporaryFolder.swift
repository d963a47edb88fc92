import Glibc

/// A folder that goes with its object.
final class TemporaryFolder {
    let path: String

    init() throws(Unmeasurable) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/relay-benchmarks.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Unmeasurable("no folder in \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // A folder that stays behind is no reason to fail.
        _ = try? ChildProcess("/bin/rm", ["-rf", path]).line(within: .seconds(10))
    }
}
