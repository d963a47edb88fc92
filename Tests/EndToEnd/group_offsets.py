"""What a consumer group has committed, asked for in Kafka's own protocol: clients in between change metadata."""

import socket
import struct

FIND_COORDINATOR, OFFSET_FETCH = 10, 9


class GroupOffsets:
    """Asks any of `addresses` for the coordinator, and that for the positions."""

    def __init__(self, addresses, group, topic, partitions):
        self._addresses = [address.rsplit(":", 1) for address in addresses.split(",")]
        self._group = group
        self._topic = topic
        self._partitions = partitions
        self._connection = None

    def read(self):
        """[(position, metadata)] by partition, -1 where there is none; None while the brokers cannot say."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            positions = self._fetch(self._connection)
        except (OSError, struct.error):
            positions = None
        if positions is None:
            self.close()
        return positions

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self):
        """A connection to the coordinator."""
        failure = ConnectionError("no address")
        for host, port in self._addresses:
            try:
                with socket.create_connection((host, int(port)), timeout=2) as any_broker:
                    answer = _call(any_broker, FIND_COORDINATOR, 0, _string(self._group))
                error, _ = answer.int16(), answer.int32()
                host, port = answer.string(), answer.int32()
                if error == 0:
                    return socket.create_connection((host, port), timeout=2)
            except OSError as error:
                failure = error
        raise failure

    def _fetch(self, connection):
        partitions = struct.pack(f">i{self._partitions}i", self._partitions, *range(self._partitions))
        body = _string(self._group) + struct.pack(">i", 1) + _string(self._topic) + partitions
        answer = _call(connection, OFFSET_FETCH, 1, body)
        positions = [(-1, "")] * self._partitions
        for _ in range(answer.int32()):
            answer.string()
            for _ in range(answer.int32()):
                partition, offset, metadata, error = (
                    answer.int32(), answer.int64(), answer.string(), answer.int16(),
                )  # fmt: skip
                if error != 0:
                    return None
                positions[partition] = (offset, metadata or "")
        return positions


def _string(text):
    return struct.pack(">h", len(text)) + text.encode()


def _call(connection, api, version, body):
    request = struct.pack(">hhi", api, version, 1) + _string("fault-tests") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _receive(connection, 4))
    return _Answer(_receive(connection, size)[4:])  # after the correlation id


def _receive(connection, count):
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise ConnectionError("the broker hung up")
        received += chunk
    return received


class _Answer:
    def __init__(self, data):
        self._data = data
        self._position = 0

    def _take(self, format):
        (value,) = struct.unpack_from(format, self._data, self._position)
        self._position += struct.calcsize(format)
        return value

    def int16(self):
        return self._take(">h")

    def int32(self):
        return self._take(">i")

    def int64(self):
        return self._take(">q")

    def string(self):
        size = self.int16()
        if size < 0:
            return None
        text = self._data[self._position : self._position + size]
        self._position += size
        return text.decode()
