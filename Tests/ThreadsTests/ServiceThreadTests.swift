import Glibc
import Testing
import Threads

@Suite struct ServiceThreadTests {
    @Test func `a thread carries its name, cut to what the kernel keeps`() {
        let name = Monitor<String?>(nil)
        ServiceThread.start(name: "a-rather-long-name") {
            let text = contents(of: "/proc/thread-self/comm")
            name.withLock { $0 = text }
            name.signal()
        }
        #expect(name.wait { $0 } == "a-rather-long-n\n")
    }

    @Test func `a thread takes no signals from the main program`() {
        let isBlocked = Monitor<Bool?>(nil)
        ServiceThread.start(name: "deaf") {
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            let claim = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGPIPE) == 1
            isBlocked.withLock { $0 = claim }
            isBlocked.signal()
        }
        #expect(isBlocked.wait { $0 } == true)
    }
}

private func contents(of path: String) -> String {
    let file = open(path, O_RDONLY)
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = read(file, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
}
