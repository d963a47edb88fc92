import Glibc

/// Standard error as a log's sink.
enum StandardError {
    /// Writes all of `lines`, waiting as long as the reader does. What cannot be written at all is lost: there is no
    /// place left to say so.
    static func write(_ lines: [UInt8]) {
        var rest = lines[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var standardError = pollfd(fd: STDERR_FILENO, events: CShort(POLLOUT), revents: 0)
                _ = poll(&standardError, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}
