"""kcat, the C client that is not ours: produces and consumes with librdkafka of the system."""

import json
import subprocess
import tempfile


class Kcat:
    def __init__(self, address, timeout=30):
        self.address = address
        self.timeout = timeout

    def produce(self, topic, value, key=None, headers=None, partition=None):
        """Writes one record; `headers` is a list of (name, text)."""
        arguments = ["-P", "-t", topic]
        if key is not None:
            arguments += ["-k", key]
        if partition is not None:
            arguments += ["-p", str(partition)]
        for name, text in headers or []:
            arguments += ["-H", f"{name}={text}"]
        # From a file the value is one record; from standard input each line would be.
        with tempfile.NamedTemporaryFile() as file:
            file.write(value.encode() if isinstance(value, str) else value)
            file.flush()
            self._run([*arguments, file.name])

    def consume(self, topic, count):
        """The first `count` records as kcat's JSON envelopes: topic, partition, offset, key, payload, headers (a flat
        list of names and values)."""
        output = self._run(["-C", "-t", topic, "-o", "beginning", "-c", str(count), "-J", "-q"])
        return [json.loads(line) for line in output.splitlines()]

    def _run(self, arguments):
        command = ["kcat", "-b", self.address, "-X", "fetch.wait.max.ms=20", *arguments]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.timeout)
        assert result.returncode == 0, f"{command}: {result.stderr.decode(errors='replace')}"
        return result.stdout.decode()
