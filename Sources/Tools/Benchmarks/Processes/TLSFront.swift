import Glibc
import Processes

/// nginx in front of the fake Bedrock: TLS, HTTP/2, and a certificate from an authority of its own.
final class TLSFront {
    let process: ChildProcess
    let endpoint: String
    /// The authority's certificate.
    var bundle: String { "\(folder.path)/ca.pem" }
    private let folder: TemporaryFolder

    init(before backend: String) throws(Unmeasurable) {
        folder = try Unmeasurable.unless { () throws(SystemFailure) in try TemporaryFolder() }
        let places: [String] = ["/usr/sbin/nginx", "/usr/local/bin/nginx"]
        guard let program = places.first(where: { access($0, X_OK) == 0 }) else {
            throw Unmeasurable("nginx is missing; deploy/install-dependencies.sh --test installs it")
        }
        try Self.makeCertificates(in: folder.path)
        let port = try World.freePort()
        let text = Self.configuration(folder: folder.path, port: port, backend: backend)
        let file = try Unmeasurable.unless { [folder] () throws(SystemFailure) in try folder.write("nginx.conf", text) }
        process = try ChildProcess(program, ["-e", "stderr", "-p", folder.path, "-c", file])
        endpoint = "https://127.0.0.1:\(port)"
        try World.waitUntilReady(process, "\(endpoint)/readyz", trusting: "\(folder.path)/ca.pem")
    }

    private static func makeCertificates(in folder: String) throws(Unmeasurable) {
        let script = """
            cd "$0" && exec 2>openssl.log
            new() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "$@"; }
            new -subj '/CN=Benchmark CA' -keyout ca.key -out ca.pem &&
            new -subj /CN=server -addext subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key \
            -keyout server.key -out server.pem && echo done
            """
        let answer = try ChildProcess("/bin/sh", ["-c", script, folder]).line(within: .seconds(10))
        guard answer == "done" else { throw Unmeasurable("openssl makes no certificates") }
    }

    private static func configuration(folder: String, port: Int, backend: String) -> String {
        let kinds: [String] = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        return """
            daemon off;
            user root root;
            worker_processes 1;
            worker_rlimit_nofile 20000;
            pid \(folder)/pid;
            error_log stderr error;
            events { worker_connections 18000; }
            http {
              access_log off;
              \(kinds.map { "\($0)_temp_path \(folder)/\($0);" }.joined(separator: " "))
              upstream backend { server \(backend); keepalive 8000; keepalive_requests 1000000; }
              server {
                listen 127.0.0.1:\(port) ssl http2 backlog=8192;
                ssl_certificate \(folder)/server.pem;
                ssl_certificate_key \(folder)/server.key;
                keepalive_requests 10000;
                location = /readyz { return 200; }
                location / {
                  proxy_pass http://backend;
                  proxy_http_version 1.1;
                  proxy_set_header Connection "";
                  proxy_set_header Host $http_host;
                }
              }
            }

            """
    }
}
