import Foundation

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

enum Child {
    /// Starts a program whose standard input ends when the result's `input` is closed, or with this process.
    ///
    /// - Parameter descriptor: becomes the program's descriptor 3.
    static func spawn(
        _ path: String, _ arguments: [String], passing descriptor: Int32? = nil
    ) throws -> (process: pid_t, input: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestFailure("no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, ends[0], STDIN_FILENO)
        if let descriptor { posix_spawn_file_actions_adddup2(&files, descriptor, 3) }
        // The event loop's thread blocks all signals, and children inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var vector = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for text in vector { free(text) } }
        var process = pid_t()
        guard posix_spawn(&process, path, &files, &attributes, &vector, environ) == 0 else {
            close(ends[1])
            throw TestFailure("\(path) does not start")
        }
        return (process, ends[1])
    }
}

/// A folder that goes with its object.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/http-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("no folder in /tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        guard let file = fopen("\(path)/\(name)", "w") else { throw TestFailure("cannot write \(path)/\(name)") }
        fputs(text, file)
        fclose(file)
    }
}

/// A socket that listens on a free port of loopback, until it goes.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 4096) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isListening else { throw TestFailure("no free port") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}
