import Glibc

/// Files without Foundation.
enum TextFile {
    /// The file's text; nil if it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return String(decoding: text, as: UTF8.self) }
            guard count > 0 else { return nil }
            text += chunk[..<count]
        }
    }
}
