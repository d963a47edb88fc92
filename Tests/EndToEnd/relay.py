"""The program under test: `bedrock-relay run` in a process of its own."""

import json
import os
import pathlib
import re

import requests

from child_process import ChildProcess


class Relay(ChildProcess):
    """One consumer process. Its log lines are `events()`; its admin listener is read with `get`."""

    def __init__(self, binary, config, folder, environment=None, name="bedrock-relay", files=()):
        """`config`: the configuration as a dict, merged over `files`. Without `relay.admin` the listener takes a free
        port.
        """
        config = {**config, "relay": {"admin": "127.0.0.1:0", **config.get("relay", {})}}
        self.config_file = pathlib.Path(folder) / f"{name}.yaml"
        # JSON is YAML, and needs no further package.
        self.config_file.write_text(json.dumps(config, indent=2, ensure_ascii=False))
        command = [binary, "run"]
        for file in [*files, self.config_file]:
            command += ["--config", file]
        # Swift's backtracer can hang over a crashed process and keep its pipes open.
        environment = {**os.environ, "SWIFT_BACKTRACE": "enable=no", **(environment or {})}
        super().__init__(name, command, environment)

    def events(self, event=None):
        """The log lines so far as dicts; lines that are not JSON objects are a bug and fail the test."""
        events = [json.loads(line) for line in self.lines]
        return [entry for entry in events if event is None or entry["event"] == event]

    @property
    def admin_url(self):
        """From the log line that tells where the admin listener is."""
        return "http://" + self.wait_for_line(r'"event":"admin listening","address":"([^"]+)"')[1]

    def get(self, path):
        return requests.get(self.admin_url + path, timeout=10)

    def metric(self, name, **labels):
        """The sum of the metric's samples that have these labels; 0 when there is none."""
        total = 0.0
        for line in self.get("/metrics").text.splitlines():
            match = re.fullmatch(rf"bedrock_relay_{name}(?:{{(.*)}})? (\S+)", line)
            if match and all(f'{label}="{value}"' in (match[1] or "") for label, value in labels.items()):
                total += float(match[2])
        return total

    def assigned_partitions(self):
        """The numbers of the partitions that it works on; nothing while its admin listener does not answer."""
        try:
            metrics = self.get("/metrics").text
        except requests.ConnectionError:
            return []
        lines = re.findall(r'^bedrock_relay_partition_requests_in_flight{.*partition="(\d+)"', metrics, re.MULTILINE)
        return [int(number) for number in lines]

    def wait_until_ready(self, timeout=30):
        def is_ready():
            try:
                return self.get("/readyz").status_code == 200
            except requests.ConnectionError:
                return False

        self.wait_until(is_ready, "ready", timeout)
        return self
