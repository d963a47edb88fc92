"""The Bedrock simulator as its users run it."""

import json

import requests

from child_process import ChildProcess


class Simulator:
    """`bedrock-simulator` on a port of its own; scripts are set and the journal is read over HTTP."""

    def __init__(self, binary, *arguments, port=0):
        """`port` 0: a free one."""
        self.process = ChildProcess("bedrock-simulator", [binary, "--port", port, *arguments])
        try:
            self.port = int(self.process.wait_for_line(r"127\.0\.0\.1:(\d+)")[1])
        except BaseException:
            self.process.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def script(self, **models):
        """From the next request on: `script(**{"anthropic.*": {"steps": "429,200", "latency": "50ms"}})`."""
        lines = []
        for model, settings in models.items():
            lines.append(f"[{model}]")
            lines += [f"{key} = {value}" for key, value in settings.items()]
        answer = requests.post(f"{self.url}/simulator/script", data="\n".join(lines) + "\n", timeout=10)
        assert answer.ok, answer.text

    def journal(self):
        """Counts: {"requests": n, "abandoned": n, "models": {model: {outcome: n}}}."""
        return requests.get(f"{self.url}/simulator/journal", timeout=10).json()

    def entries(self):
        """Every request as a dict: time_ms, model, region, outcome, id (from an `[id:XYZ]` in the body). Needs the
        argument --keep-journal.
        """
        answer = requests.get(f"{self.url}/simulator/journal?entries", timeout=10)
        return [json.loads(line) for line in answer.text.splitlines()]

    def clear_journal(self):
        requests.delete(f"{self.url}/simulator/journal", timeout=10).raise_for_status()
