"""A TCP relay that lets librdkafka 2.0.2 talk to Tansu: python api_versions_relay.py TARGET_PORT

That client cannot read Tansu's answer to ApiVersions v3. The relay refuses v3 and above itself, in the broker's name; the
client asks again with v0, and from then on bytes are copied as they are. Prints `listening on PORT`.
"""

import asyncio
import socket
import struct
import sys

API_VERSIONS = 18
UNSUPPORTED_VERSION = 35


def refusal(correlation_id):
    """An ApiVersions v0 response: the error, and the one API whose versions a client needs to try again."""
    body = struct.pack(">ihihhh", correlation_id, UNSUPPORTED_VERSION, 1, API_VERSIONS, 0, 2)
    return struct.pack(">i", len(body)) + body


async def copy(reader, writer):
    try:
        while data := await reader.read(262_144):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (ConnectionError, OSError):
        writer.close()


connections = set()  # asyncio itself only holds tasks weakly


async def serve(client_reader, client_writer, target):
    task = asyncio.current_task()
    connections.add(task)
    task.add_done_callback(connections.discard)
    broker_writer = None
    try:
        size = await client_reader.readexactly(4)
        frame = await client_reader.readexactly(struct.unpack(">i", size)[0])
        key, version, correlation_id = struct.unpack(">hhi", frame[:8])
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", target)
        for writer in (client_writer, broker_writer):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if key == API_VERSIONS and version >= 3:
            client_writer.write(refusal(correlation_id))
        else:
            broker_writer.write(size + frame)
        await asyncio.gather(copy(client_reader, broker_writer), copy(broker_reader, client_writer))
    except (asyncio.IncompleteReadError, ConnectionError, OSError):
        pass  # a client or the broker went away: so does the connection
    finally:
        for writer in (client_writer, broker_writer):
            if writer is not None:
                writer.close()


async def main():
    target = int(sys.argv[1])
    server = await asyncio.start_server(lambda r, w: serve(r, w, target), "127.0.0.1", 0)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
