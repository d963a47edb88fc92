"""TLS and SASL in front of a broker that has neither: python secure_front.py TARGET_PORT [--tls CERT KEY]
[--client-ca CA] [--sasl MECHANISM ...]

Decrypts, asks for a client certificate, and plays the broker's part of the login: handshake and authentication as Kafka's
protocol has them. After that bytes are copied as they are. Users are `USERS`; OAUTHBEARER takes any token. Prints
`listening on PORT`, and who has come in: `certificate NAME`, `login MECHANISM NAME-OR-TOKEN`, `refused MECHANISM`.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct

USERS = {"relay": "relay-password", "tests": "tests-password"}
API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
UNSUPPORTED_MECHANISM, AUTHENTICATION_FAILED = 33, 58


class Refused(Exception):
    pass


class Plain:
    def answer(self, message):
        _, name, password = message.decode().split("\0")
        if USERS.get(name) != password:
            raise Refused
        return b"", name


class OAuthBearer:
    def answer(self, message):
        """RFC 7628: `n,,^Aauth=Bearer TOKEN^A^A`."""
        fields = message.decode().split("\x01")
        (token,) = [field.removeprefix("auth=Bearer ") for field in fields if field.startswith("auth=Bearer ")]
        return b"", token


class Scram:
    """RFC 5802, the server's part."""

    def __init__(self, hash_name):
        self.hash_name = hash_name
        self.salt = os.urandom(16)
        self.iterations = 4096
        self.first = None

    def answer(self, message):
        return self.begin(message.decode()) if self.first is None else self.end(message.decode())

    def begin(self, message):
        self.client_first = message.removeprefix("n,,")
        fields = dict(field.split("=", 1) for field in self.client_first.split(","))
        self.name = fields["n"]
        self.nonce = fields["r"] + base64.b64encode(os.urandom(12)).decode().replace(",", "")
        self.first = f"r={self.nonce},s={base64.b64encode(self.salt).decode()},i={self.iterations}"
        return self.first.encode(), None

    def end(self, message):
        without_proof, _, proof = message.rpartition(",p=")
        salted = hashlib.pbkdf2_hmac(
            self.hash_name, USERS.get(self.name, "").encode(), self.salt, self.iterations
        )
        client_key = self.mac(salted, b"Client Key")
        text = f"{self.client_first},{self.first},{without_proof}".encode()
        signature = self.mac(hashlib.new(self.hash_name, client_key).digest(), text)
        expected = bytes(a ^ b for a, b in zip(client_key, signature))
        # librdkafka before 2.6.1 has its own nonce twice in what it echoes (#4895): the end is the server's.
        if self.name not in USERS or not without_proof.endswith(self.nonce) or base64.b64decode(proof) != expected:
            raise Refused
        server_signature = self.mac(self.mac(salted, b"Server Key"), text)
        return b"v=" + base64.b64encode(server_signature), self.name

    def mac(self, key, text):
        return hmac.digest(key, text, self.hash_name)


MECHANISMS = {
    "PLAIN": Plain,
    "SCRAM-SHA-256": lambda: Scram("sha256"),
    "SCRAM-SHA-512": lambda: Scram("sha512"),
    "OAUTHBEARER": OAuthBearer,
}


def say(text):
    print(text, flush=True)


async def read_frame(reader):
    size = await reader.readexactly(4)
    return await reader.readexactly(struct.unpack(">i", size)[0])


def frame(body):
    return struct.pack(">i", len(body)) + body


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def with_login(versions):
    """An ApiVersions v0 answer to which the two requests of a login were added."""
    correlation_id, error, count = struct.unpack(">ihi", versions[:10])
    entries = [versions[10 + 6 * index : 16 + 6 * index] for index in range(count)]
    login = (SASL_HANDSHAKE, SASL_AUTHENTICATE)
    entries = [entry for entry in entries if struct.unpack(">h", entry[:2])[0] not in login]
    entries += [struct.pack(">hhh", SASL_HANDSHAKE, 0, 1), struct.pack(">hhh", SASL_AUTHENTICATE, 0, 0)]
    return struct.pack(">ihi", correlation_id, error, len(entries)) + b"".join(entries)


async def log_in(client, broker, mechanisms):
    """Serves requests until the client is authenticated. Raises `Refused` when it is not."""
    mechanism = name = None
    while name is None:
        request = await read_frame(client[0])
        key, version, correlation_id, id_length = struct.unpack(">hhih", request[:10])
        body = request[10 + max(id_length, 0) :]
        if key == API_VERSIONS:
            broker[1].write(frame(request))
            answer = await read_frame(broker[0])
            client[1].write(frame(with_login(answer) if version == 0 else answer))
        elif key == SASL_HANDSHAKE:
            name_length = struct.unpack(">h", body[:2])[0]
            mechanism_name = body[2 : 2 + name_length].decode()
            error = 0 if mechanism_name in mechanisms else UNSUPPORTED_MECHANISM
            known = struct.pack(">i", len(mechanisms)) + b"".join(text(each) for each in mechanisms)
            client[1].write(frame(struct.pack(">ih", correlation_id, error) + known))
            mechanism = MECHANISMS[mechanism_name]() if error == 0 else None
        elif key == SASL_AUTHENTICATE and mechanism is not None:
            try:
                answer, name = mechanism.answer(body[4:])
            except (Refused, ValueError):
                say(f"refused {mechanism_name}")
                failure = struct.pack(">ih", correlation_id, AUTHENTICATION_FAILED) + text("wrong name or password")
                client[1].write(frame(failure + struct.pack(">i", 0)))
                await client[1].drain()
                raise Refused from None
            head = struct.pack(">ihh", correlation_id, 0, -1)
            client[1].write(frame(head + struct.pack(">i", len(answer)) + answer))
        else:
            say(f"request {key} before the login")
            raise Refused
    say(f"login {mechanism_name} {name}")


async def copy(reader, writer):
    try:
        while data := await reader.read(262_144):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


connections = set()  # asyncio itself only holds tasks weakly


async def serve(reader, writer, options):
    task = asyncio.current_task()
    connections.add(task)
    task.add_done_callback(connections.discard)
    broker_writer = None
    try:
        certificate = writer.get_extra_info("peercert")
        if certificate:
            say(f"certificate {dict(entry[0] for entry in certificate['subject'])['commonName']}")
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", options.target)
        for side in (writer, broker_writer):
            side.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if options.sasl:
            await log_in((reader, writer), (broker_reader, broker_writer), options.sasl)
        await asyncio.gather(copy(reader, broker_writer), copy(broker_reader, writer))
    except (Refused, asyncio.IncompleteReadError, OSError):
        pass  # a client was refused, or one side went away: so does the connection
    finally:
        for side in (writer, broker_writer):
            if side is not None:
                side.close()


def tls_context(options):
    if not options.tls:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*options.tls)
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.client_ca)
    return context


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target", type=int)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--client-ca")
    parser.add_argument("--sasl", nargs="+", choices=MECHANISMS, default=[])
    options = parser.parse_args()
    server = await asyncio.start_server(
        lambda r, w: serve(r, w, options), "127.0.0.1", 0, ssl=tls_context(options)
    )
    say(f"listening on {server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
