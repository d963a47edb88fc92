import Glibc
import Processes

/// nginx on loopback: TLS, with or without HTTP/2, in front of a plain server. It ends with the test that made it, whatever
/// becomes of that; one process serves, and is replaced by another when it dies.
final class NginxServer {
    struct Options {
        var speaksHTTP2 = true
        /// Streams that a connection may have at a time.
        var streams = 128
        /// After so many, nginx announces the end of the connection (GOAWAY) and opens none for further streams.
        var requestsPerConnection = 1_000_000
        /// What its certificate is for, as openssl wants it.
        var names = TestCertificates.loopback
    }

    let port: UInt16
    let certificates: TestCertificates
    private let shell: pid_t
    /// Its end tells the shell to end nginx.
    private let input: Int32

    var url: String { "https://127.0.0.1:\(port)/" }

    init(before backend: UInt16, _ change: (inout Options) -> Void = { _ in }) throws {
        var options = Options()
        change(&options)
        certificates = try TestCertificates(for: options.names)
        let listener = try ListeningSocket()
        port = listener.port
        let places: [String] = ["/usr/sbin/nginx", "/usr/local/bin/nginx"]
        let program = places.first { access($0, X_OK) == 0 }
        guard let program else { throw TestFailure("nginx is missing: run deploy/install-dependencies.sh --test") }
        let folder = certificates.folder
        let text = Self.configuration(options, port: port, backend: backend, folder: folder.path)
        try folder.write("nginx.conf", text)
        // nginx takes over a listening socket that the variable NGINX names: no port is guessed, none is waited for.
        let script = "NGINX='3;' \"$0\" \"$@\" <&- & read -r _; kill $!; wait"
        (shell, input) = try Program.start(
            "/bin/sh",
            ["-c", script, program, "-e", "error.log", "-p", folder.path, "-c", "\(folder.path)/nginx.conf"],
            passing: [3: listener.descriptor])
    }

    deinit {
        close(input)
        waitpid(shell, nil, 0)
    }

    private static func configuration(_ options: Options, port: UInt16, backend: UInt16, folder: String) -> String {
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        let paths: [String] = kinds.map { "\($0)_temp_path \(folder)/\($0);" }
        return """
            daemon off;
            user root root;
            pid \(folder)/pid;
            error_log \(folder)/error.log error;
            worker_processes 1;
            worker_rlimit_nofile 8192;
            events { worker_connections 8000; }
            http {
              access_log off;
              \(paths.joined(separator: "\n  "))
              client_max_body_size 0;
              client_body_buffer_size 64k;
              upstream backend { server 127.0.0.1:\(backend); keepalive 1000; }
              server {
                listen 127.0.0.1:\(port) ssl \(options.speaksHTTP2 ? "http2" : "") backlog=4096;
                ssl_certificate \(folder)/server.pem;
                ssl_certificate_key \(folder)/server.key;
                keepalive_requests \(options.requestsPerConnection);
                http2_max_concurrent_streams \(options.streams);
                location / {
                  proxy_pass http://backend;
                  proxy_http_version 1.1;
                  proxy_set_header Connection "";
                  proxy_set_header X-Protocol $server_protocol;
                  proxy_set_header X-Process $pid;
                  proxy_next_upstream off;
                  proxy_buffering off;
                }
              }
            }

            """
    }
}
