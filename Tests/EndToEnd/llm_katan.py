"""llm-katan in echo mode: a Bedrock that others have written. It has no models, and needs none."""

import os
import sys

import requests

from brokers import free_port
from child_process import ChildProcess


class LLMKatan:
    """`llm-katan` on 127.0.0.1 with its Bedrock API; `options` are its own, e.g. `"--error-rate", 1.0`."""

    def __init__(self, folder, *options):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = os.path.join(os.path.dirname(sys.executable), "llm-katan")
        self.process = ChildProcess(
            "llm-katan",
            [
                *(program, "--model", "echo", "--backend", "echo", "--providers", "bedrock"),
                *("--host", "127.0.0.1", "--port", port, "--max-concurrent", 64, "--stats-file", folder / "stats.json"),
                *options,
            ],
        )
        self.process.wait_until(self._answers, "listening", timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def _answers(self):
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False
