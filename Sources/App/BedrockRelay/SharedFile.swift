import Glibc

/// Files that ship beside the program: in the working folder, in the build tree's package, or installed.
enum SharedFile {
    static func read(_ name: String) -> String? {
        candidates(name).lazy.compactMap { contents(of: $0) }.first
    }

    private static func candidates(_ name: String) -> [String] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else { return [name] }
        let program = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folders = program.split(separator: "/").dropLast()
        // From .build/<triple>/<configuration>/ the package is three folders up; installed programs sit in bin/.
        let parents = (0...3).map { "/" + folders.dropLast($0).joined(separator: "/") }
        return [name] + parents.map { "\($0)/\(name)" } + parents.map { "\($0)/share/bedrock-relay/\(name)" }
    }

    private static func contents(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return String(validating: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
