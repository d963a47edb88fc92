"""librdkafka's mock brokers in a process of their own, which do wrong what they are told to."""

import subprocess
import threading

from child_process import ChildProcess


class KafkaMock:
    """Three brokers; see `kafka-mock --help` for the commands. No isolation, no fencing, and commits of transactions are
    not stored, sequence numbers are not looked at; data lasts as long as the process, also while a broker is down.
    """

    client_settings = {}  # what clients need beside the address

    def __init__(self, binary, brokers=3):
        self.brokers = range(1, brokers + 1)
        self.process = ChildProcess("kafka-mock", [binary, "--brokers", brokers], stdin=subprocess.PIPE)
        self._lock = threading.Lock()
        self.address = self.process.wait_for_line(r"listening on (\S+)")[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def command(self, *words):
        """Carries out one command; fails when it is refused."""
        with self._lock:
            before = len(self.process.lines)
            self.process.write_line(" ".join(map(str, words)))
            answer = self.process.wait_for_line_after(before)
        assert answer == "ok", f"{words}: {answer}"

    def create_topic(self, name, partitions=1, config=None):
        assert not config, "the mock brokers know no topic settings"
        self.command("topic", name, partitions)

    def stop(self):
        self.process.kill()
