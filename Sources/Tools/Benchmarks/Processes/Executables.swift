import Glibc

/// The programs of this package, as built beside this one.
enum Executables {
    static var relay: String { get throws(Unmeasurable) { try beside("bedrock-relay") } }
    static var simulator: String { get throws(Unmeasurable) { try beside("bedrock-simulator") } }

    /// This program, for what has to run in a process of its own.
    static var ourselves: String {
        get throws(Unmeasurable) {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink("/proc/self/exe", &buffer, buffer.count)
            guard count > 0 else { throw Unmeasurable("this program does not know where it is") }
            return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    private static func beside(_ name: String) throws(Unmeasurable) -> String {
        let own = try ourselves
        let path = own.prefix(own.count - Self.name(of: own).count) + name
        guard access(String(path), X_OK) == 0 else {
            throw Unmeasurable("\(path) is not there; make release builds it")
        }
        return String(path)
    }
}
