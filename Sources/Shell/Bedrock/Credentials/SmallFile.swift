import Glibc

/// Whole files of a few kilobytes: configuration and tokens. Blocks, so never on the request path.
enum SmallFile {
    private static let limit = 1 << 20

    static func text(at path: String) throws(FileError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileError(path: path, number: errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileError(path: path, number: errno) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk.prefix(count)
            guard bytes.count <= limit else { throw FileError(path: path, number: EFBIG) }
        }
    }
}

struct FileError: Error, Hashable, CustomStringConvertible {
    var path: String
    var number: Int32

    var description: String { "\(path): \(String(cString: strerror(number)))" }
}
