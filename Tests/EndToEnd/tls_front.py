"""TLS in front of a plain server: nginx with HTTP/2, certificates from an authority of its own, and a proxy on the way."""

import os
import pathlib
import select
import shutil
import socket
import subprocess
import threading

from brokers import free_port
from child_process import ChildProcess


class Certificates:
    """An authority (`bundle`) and a server certificate from it for `names`, in `folder`."""

    def __init__(self, folder, names=("IP:127.0.0.1", "DNS:localhost")):
        self.folder = pathlib.Path(folder)
        self.bundle = self.folder / "ca.pem"
        self._new("-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem")
        self._new(
            *("-subj", "/CN=server", "-addext", f"subjectAltName={','.join(names)}"),
            *("-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem"),
        )

    def _new(self, *arguments):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        subprocess.run(["openssl", "req", "-x509", *key, *arguments], cwd=self.folder, check=True, capture_output=True)


class TLSFront:
    """nginx on 127.0.0.1 that passes everything on to `backend`; one process serves and is replaced when it dies."""

    def __init__(self, folder, backend, names=("IP:127.0.0.1", "DNS:localhost"), http2=True):
        folder = pathlib.Path(folder)
        self.certificates = Certificates(folder, names)
        self.port = free_port()
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/bin")
        assert nginx, "nginx is missing: run deploy/install-dependencies.sh --test"
        config = folder / "nginx.conf"
        config.write_text(self._config(folder, backend.removeprefix("http://"), "http2" if http2 else ""))
        self.process = ChildProcess("nginx", [nginx, "-e", "stderr", "-p", folder, "-c", config])
        self.process.wait_until(self._accepts, "listening")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def kill_worker(self):
        """Breaks every connection; the next finds nginx serving again."""
        children = pathlib.Path(f"/proc/{self.process.process.pid}/task/{self.process.process.pid}/children")
        for worker in children.read_text().split():
            os.kill(int(worker), 9)

    def _accepts(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _config(self, folder, backend, http2):
        temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in TEMPORARY)
        return f"""
            daemon off; worker_processes 1; user root root; pid {folder}/pid; error_log stderr error;
            events {{ worker_connections 4000; }}
            http {{
              access_log off; {temporary}
              server {{
                listen 127.0.0.1:{self.port} ssl {http2};
                ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
                location / {{
                  proxy_pass http://{backend}; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_set_header Host $http_host; proxy_next_upstream off; proxy_buffering off;
                }}
              }}
            }}
            """


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class ConnectProxy:
    """An HTTP proxy that tunnels every CONNECT to `port` of 127.0.0.1, and remembers where it should have gone."""

    def __init__(self, port):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            self.requests.append(head.split(b" HTTP/")[0].decode())
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            other = {client: server, server: client}
            while True:
                for source in select.select([client, server], [], [])[0]:
                    piece = source.recv(65536)
                    if not piece:
                        return
                    other[source].sendall(piece)
