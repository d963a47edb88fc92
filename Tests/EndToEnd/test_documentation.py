"""What the guides tell to run, run: their shell and Python blocks against a broker and the simulator.

A block whose first line is `# runs` is run by itself, `# runs, with a relay` while the block that is marked `# runs
until stopped` does.
"""

import os
import re
import subprocess
import sys
import textwrap

import javalang
import pytest

from brokers import Noida, free_port
from child_process import ChildProcess
from conftest import ROOT, binary
from simulator import Simulator
from waiting import wait_until

GUIDES = ["README.md", "deploy/operations.md", "deploy/clients.md", "deploy/migration.md"]

# What is not run here, by its first words, and why.
NOT_RUN = {
    "make demo": "the demo has a test of its own, and `make test` is what runs this",
    "export KAFKA_BOOTSTRAP_SERVERS=localhost:9092": "where a reader's brokers are",
    "journalctl -u bedrock-relay": "no journal in a container",
}


class Block:
    def __init__(self, guide, language, text):
        self.guide = guide
        self.language = language
        self.text = textwrap.dedent(text)
        self.first = self.text.splitlines()[0]

    def __repr__(self):
        lines = [line for line in self.text.splitlines() if not line.startswith("# runs")]
        return f"{self.guide}: {lines[0][:50]}"

    @property
    def mark(self):
        return self.first[2:] if self.first.startswith("# runs") else None


def blocks():
    return [
        Block(guide, language, text)
        for guide in GUIDES
        for language, text in re.findall(r"^ *```(\w+)\n(.*?)^ *```$", (ROOT / guide).read_text(), re.MULTILINE | re.DOTALL)
    ]


def marked(mark):
    return [block for block in blocks() if block.mark == mark]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """One with nobody else's topics: the guides use the names of config/relay.yaml."""
    with Noida(tmp_path_factory.mktemp("documentation")) as broker:
        yield broker


@pytest.fixture(scope="module")
def environment(broker):
    with Simulator(binary("bedrock-simulator")) as simulator:
        simulator.script(**{"invalid": {"steps": "400"}})
        programs = f"{binary('bedrock-relay').parent}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
        yield {
            **os.environ,
            "PATH": programs,
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example-secret",
            "AWS_BEDROCK_RUNTIME_ENDPOINT": simulator.url,
            "RELAY_ADMIN": f"127.0.0.1:{free_port()}",
            "SWIFT_BACKTRACE": "enable=no",
        }


def command(block, environment):
    if block.language == "python":
        return [sys.executable, "-c", block.text]
    # The guides' addresses and places are those of a reader's machine.
    text = block.text.replace("127.0.0.1:9464", environment["RELAY_ADMIN"])
    return ["bash", "-euc", text.replace(".build/release/bedrock-relay", str(binary("bedrock-relay")))]


def run(block, environment):
    result = subprocess.run(
        command(block, environment), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=100,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def topics(environment):
    (creation,) = [block for block in marked("runs") if block.guide == "README.md" and "create-topics" in block.text]
    run(creation, environment)


@pytest.fixture(scope="module")
def relay(environment, topics):
    """As the README starts it. One request has been refused, so that there is a dead letter."""
    (block,) = marked("runs until stopped")
    *start, last = command(block, environment)
    with ChildProcess("relay", [*start, "exec " + last.splitlines()[-1]], environment) as relay:
        relay.wait_for_line("partitions assigned", timeout=60)
        kcat = ["kcat", "-P", "-b", environment["KAFKA_BOOTSTRAP_SERVERS"], "-t", "chat.requests"]
        subprocess.run(kcat, input=b"no request\n", check=True, timeout=30)
        page = "http://" + environment["RELAY_ADMIN"] + "/metrics"
        wait_until(
            lambda: subprocess.run(["curl", "-fsS", page], capture_output=True, text=True).stdout.count('"invalid"'),
            "refused",
        )
        yield relay


@pytest.mark.parametrize("block", marked("runs"), ids=repr)
def test_a_command_of_the_guides_runs(block, environment, topics):
    assert run(block, environment)


@pytest.mark.parametrize("block", marked("runs, with a relay"), ids=repr)
def test_a_command_of_the_guides_runs_beside_a_relay(block, environment, relay):
    printed = run(block, environment)

    # One that only sends prints nothing.
    assert printed or "-C" not in block.text and "request" not in block.text.split("\n")[1]


def test_every_command_of_the_guides_is_run_or_known_not_to_be():
    left = [block for block in blocks() if block.language in ("sh", "python") and block.mark is None]

    assert {start for start in NOT_RUN if not any(block.text.startswith(start) for block in left)} == set()
    assert [block for block in left if not block.text.startswith(tuple(NOT_RUN))] == []


def test_java_is_java():
    sources = [block for block in blocks() if block.language == "java"]

    assert sources
    for block in sources:
        javalang.parse.parse(block.text)


@pytest.mark.parametrize("guide", [*GUIDES, "deploy/README.md"])
def test_what_a_guide_points_to_is_there(guide):
    text = (ROOT / guide).read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    places = re.findall(r"`((?:deploy|config|Sources|Tests)/[\w./-]+)`", text)

    for link in links:
        assert (ROOT / guide).parent.joinpath(link).exists(), link
    for place in places:
        assert (ROOT / place.rstrip("/")).exists(), place


def test_the_manual_page_has_no_mistake_and_names_every_command_and_option():
    page = ROOT / "deploy" / "bedrock-relay.1"
    check = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, timeout=30)
    assert (check.returncode, check.stdout) == (0, "")
    rendered = subprocess.run(["mandoc", "-T", "utf8", page], capture_output=True, text=True, timeout=30).stdout
    text = re.sub(r".\x08", "", rendered)

    overview = subprocess.run([binary("bedrock-relay"), "--help"], capture_output=True, text=True, timeout=30).stdout
    commands = re.findall(r"^  ([a-z]+)  +\S", overview, re.MULTILINE)
    assert len(commands) >= 4
    for name in commands:
        assert re.search(rf"^ +{name}\b", text, re.MULTILINE), name
        options = subprocess.run([binary("bedrock-relay"), name, "--help"], capture_output=True, text=True, timeout=30)
        for option in set(re.findall(r"--[a-z-]+", options.stdout)):
            assert re.search(rf"-{option[1:]}\b", text), f"{name} {option}"
