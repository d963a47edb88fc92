"""A TCP proxy before a broker that loses answers: the broker has done what it was asked, and the client does not hear."""

import asyncio
import socket
import struct
import threading

PRODUCE, OFFSET_COMMIT, INIT_PRODUCER_ID, ADD_PARTITIONS, ADD_OFFSETS, END_TRANSACTION, TRANSACTION_OFFSETS = (
    0, 8, 22, 24, 25, 26, 28,
)  # fmt: skip


class LossyProxy:
    """`lose(api, count)` closes the connection instead of passing on the next answers to requests of that kind."""

    def __init__(self, port):
        """`port`: the broker's, on loopback; its answers name the proxy's instead."""
        self._broker = port
        self._to_lose = {}
        self._loop = asyncio.new_event_loop()
        self._connections = set()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        for task in self._connections:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._connections, return_exceptions=True))
        self._loop.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def lose(self, api, count=1):
        self._to_lose[api] = self._to_lose.get(api, 0) + count

    def left_to_lose(self, api):
        return self._to_lose.get(api, 0)

    async def _serve(self, client_reader, client_writer):
        task = asyncio.current_task()
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        writers = [client_writer]
        try:
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker)
            writers.append(broker_writer)
            for writer in writers:
                writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            requests = {}  # correlation id: API
            directions = [
                asyncio.create_task(self._pass_requests(client_reader, broker_writer, requests)),
                asyncio.create_task(self._pass_answers(broker_reader, client_writer, requests)),
            ]
            try:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
        except OSError:
            pass  # the broker is away: so is its proxy
        finally:
            for writer in writers:
                writer.close()

    async def _pass_requests(self, reader, writer, requests):
        while True:
            frame = await read_frame(reader)
            api, _, correlation = struct.unpack(">hhi", frame[:8])
            requests[correlation] = api
            write_frame(writer, frame)

    async def _pass_answers(self, reader, writer, requests):
        named = b"127.0.0.1" + struct.pack(">i", self._broker)
        own = b"127.0.0.1" + struct.pack(">i", self.port)
        while True:
            frame = await read_frame(reader)
            api = requests.pop(struct.unpack(">i", frame[:4])[0], None)
            if self._to_lose.get(api, 0) > 0:
                self._to_lose[api] -= 1
                return
            write_frame(writer, frame.replace(named, own))


async def read_frame(reader):
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


def write_frame(writer, frame):
    writer.write(struct.pack(">i", len(frame)) + frame)
