import Glibc
import Processes

/// A certificate authority of one test, and a server certificate from it.
final class TestCertificates {
    let folder: TemporaryFolder

    var bundle: String { "\(folder.path)/ca.pem" }

    static let loopback = "IP:127.0.0.1,DNS:localhost"

    init(for names: String = loopback) throws {
        folder = try TemporaryFolder()
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        try openssl(["-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"] + key)
        try openssl(
            [
                "-subj", "/CN=server", "-addext", "subjectAltName=\(names)", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-keyout", "server.key", "-out", "server.pem",
            ] + key)
    }

    private func openssl(_ arguments: [String]) throws {
        let script = "cd \"$0\" && exec openssl req -x509 \"$@\" 2>openssl.log"
        let (process, input) = try Program.start("/bin/sh", ["-c", script, folder.path] + arguments)
        close(input)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        guard status == 0 else { throw TestFailure("openssl req \(arguments) ended with \(status)") }
    }
}
