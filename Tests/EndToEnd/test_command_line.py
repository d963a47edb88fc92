"""What the commands print and how they end."""

import contextlib
import json
import os
import pty
import re
import subprocess
import uuid

import pytest

from conftest import ROOT, binary
from stage import HAIKU, Stage

EXAMPLE = ["--config", ROOT / "config" / "relay.yaml", "--config", ROOT / "config" / "route" / "fallbacks.yaml"]


def bedrock_relay(*arguments, input=None, environment=None):
    """Runs the program to its end."""
    return subprocess.run(
        [binary("bedrock-relay"), *map(str, arguments)],
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "AWS_REGION": "us-east-1", **(environment or {})},
    )


COMMANDS = ["run", "check", "demo", "request", "redrive"]


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)], ids=" ".join)
def test_help_goes_to_standard_output(arguments):
    result = bedrock_relay(*arguments)

    assert (result.returncode, result.stderr) == (0, "")
    assert f"usage: bedrock-relay {'COMMAND' if len(arguments) == 1 else arguments[0]}" in result.stdout


def test_the_overview_names_every_command():
    overview = bedrock_relay("--help").stdout

    assert all(re.search(rf"^  {command} ", overview, re.MULTILINE) for command in COMMANDS)


def test_the_version_is_a_version():
    result = bedrock_relay("--version")

    assert result.returncode == 0
    assert re.fullmatch(r"bedrock-relay \d+\.\d+\.\d+\n", result.stdout)


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ([], "no command"),
        (["frobnicate"], "frobnicate"),
        (["run"], "--config"),
        (["check"], "--config"),
        (["run", "--config"], "--config"),
        (["check", "--bogus"], "--bogus"),
        (["request", *EXAMPLE], "TEXT"),
        (["redrive"], "--config"),
        (["demo", "--route", "nowhere"], "nowhere"),
    ],
    ids=lambda value: " ".join(map(str, value))[:30] if isinstance(value, list) else None,
)
def test_a_wrong_command_line_ends_with_2(arguments, complaint):
    result = bedrock_relay(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert "--help" in result.stderr


@pytest.mark.parametrize("route", ["load-balancing", "fallbacks", "rate-limit-aware", "latency-based"])
def test_check_prints_the_routing_table_of_a_shipped_route(route):
    file = ROOT / "config" / "route" / f"{route}.yaml"

    result = bedrock_relay("check", "--config", ROOT / "config" / "relay.yaml", "--config", file)

    assert (result.returncode, result.stderr) == (0, "")
    assert HAIKU in result.stdout
    assert "us-east-1" in result.stdout
    assert "chat.requests" in result.stdout


def test_check_warns_about_the_quirks_of_the_samples():
    result = bedrock_relay("check", "--config", ROOT / "config" / "route" / "latency-based.yaml")

    assert result.returncode == 0
    assert re.search(r"latency-based\.yaml:13: router_settings\.routing_strategy: ", result.stdout)
    assert re.search(r"latency-based\.yaml:14: router_settings\.enable_pre_call_check: ", result.stdout)
    assert "latency-based-routing" in result.stdout


def test_check_names_litellm_keys_without_effect(tmp_path):
    file = tmp_path / "litellm.yaml"
    file.write_text(
        "model_list:\n"
        "  - model_name: claude\n"
        f"    litellm_params: {{model: bedrock/{HAIKU}, aws_region_name: us-east-1}}\n"
        "router_settings:\n"
        "  redis_host: localhost\n"
        "  no_such_key: 1\n"
    )

    result = bedrock_relay("check", "--config", file)

    assert result.returncode == 0
    assert f"{file}:5: router_settings.redis_host: " in result.stdout
    assert f"{file}:6: router_settings.no_such_key: " in result.stdout


MISTAKES = """\
kafka:
  bootstrap.servers: localhost:1
  no.such.property: 1
relay:
  partition_concurency: 3
  max_in_flight: lots
  ordering: random
  reply_topic: $NOBODY_SETS_THIS
  admin: 127.0.0.1:0
model_list:
  - model_name: claude
    litellm_params: {}
router_settings:
  routing_strategy: cleverest
"""


@pytest.mark.parametrize("command", ["check", "run", "request"])
def test_all_mistakes_are_told_at_once_and_nothing_starts(tmp_path, command):
    file = tmp_path / "mistakes.yaml"
    file.write_text(MISTAKES)

    result = bedrock_relay(command, "--config", file, *(["hello"] if command == "request" else []))

    assert (result.returncode, result.stdout) == (2, "")
    problems = result.stderr.splitlines()
    assert [re.match(r"(.*):(\d+): ([^ ]+): .+", problem).groups() for problem in problems] == [
        (str(file), "3", "kafka.no.such.property"),
        (str(file), "5", "relay.partition_concurency"),
        (str(file), "6", "relay.max_in_flight"),
        (str(file), "7", "relay.ordering"),
        (str(file), "8", "relay.reply_topic"),
        (str(file), "12", "model_list[0].litellm_params.model"),
        (str(file), "14", "router_settings.routing_strategy"),
    ]
    assert "partition_concurrency" in problems[1]
    assert "NOBODY_SETS_THIS" in problems[4]
    assert "latency-based-routing" in problems[6]


def test_a_file_that_is_not_there_or_not_yaml_ends_with_2(tmp_path):
    missing = bedrock_relay("check", "--config", tmp_path / "missing.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("model_list: [\n")

    assert (missing.returncode, bedrock_relay("run", "--config", broken).returncode) == (2, 2)
    assert "missing.yaml" in missing.stderr


CONFLICTS = {
    "times of the group": ("session.timeout.ms: 400000", "relay: {}", "max.poll.interval.ms"),
    "a login without a name": (
        "security.protocol: SASL_PLAINTEXT, sasl.mechanisms: SCRAM-SHA-256",
        "relay: {}",
        "sasl.username",
    ),
    "what the relay needs": ("acks: 1", "relay: {}", "enable.idempotence"),
    "a file that is not there": (
        "ssl.ca.location: /nowhere/ca.pem, security.protocol: SSL",
        "relay: {}",
        "ssl.ca.location",
    ),
    "times of a transaction": (
        "message.timeout.ms: 90000, transaction.timeout.ms: 60000",
        "relay: {delivery: exactly_once}",
        "transaction.timeout.ms",
    ),
}


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("case", CONFLICTS)
def test_kafka_properties_that_do_not_go_together_are_told_and_nothing_starts(tmp_path, case, command):
    properties, relay, named = CONFLICTS[case]
    file = tmp_path / "conflict.yaml"
    file.write_text(f"{relay}\nkafka: {{bootstrap.servers: 'localhost:1', {properties}}}\n")

    result = bedrock_relay(command, "--config", file)

    assert (result.returncode, result.stdout) == (2, "")
    (problem,) = result.stderr.splitlines()
    assert re.match(rf"{file}:2: kafka\.[a-z.]+: .*{named}", problem)


def test_mistakes_are_told_beside_files_that_cannot_be_read(tmp_path):
    """Variables may be set in what could not be read, so nothing is said about those."""
    missing, broken, file = (tmp_path / name for name in ("missing.yaml", "broken.yaml", "file.yaml"))
    broken.write_text("relay: {}\nmodel_list: [\n")
    file.write_text("include: [nowhere.yaml]\nrelay:\n  ordering: random\n  reply_topic: $NOBODY_SETS_THIS\n")

    result = bedrock_relay("check", "--config", missing, "--config", broken, "--config", file)

    assert (result.returncode, result.stdout) == (2, "")
    problems = result.stderr.splitlines()
    starts = [f"{missing}: ", f"{broken}:3: ", f"{file}:1: include: ", f"{file}:3: relay.ordering: "]
    assert len(problems) == len(starts)
    for problem, start in zip(problems, starts, strict=True):
        assert problem.startswith(start)


def test_later_files_win_over_earlier_ones(tmp_path):
    files = []
    for number, text in enumerate(["relay: {reply_topic: one, max_in_flight: 7}", "relay: {reply_topic: two}"]):
        files.append(tmp_path / f"{number}.yaml")
        files[-1].write_text(text)

    result = bedrock_relay("check", *EXAMPLE, "--config", files[0], "--config", files[1])

    assert re.search(r"replies to +two\b", result.stdout)
    assert re.search(r"in flight .* 7 in all", result.stdout)


def test_the_demo_does_what_it_says():
    result = bedrock_relay("demo", "--route", "fallbacks")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "fallbacks" in result.stdout
    assert "\x1b" not in result.stdout  # colour is for terminals


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_a_terminal_gets_colour_unless_told_otherwise(no_colour):
    master, slave = pty.openpty()
    command = [binary("bedrock-relay"), "demo", "--route", "fallbacks"]
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": no_colour}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment) as demo:
        os.close(slave)
        printed = b""
        with contextlib.suppress(OSError):  # how a terminal ends that nobody has open any more
            while piece := os.read(master, 4096):
                printed += piece
    os.close(master)

    assert demo.returncode == 0, printed.decode()
    assert b"as promised" in printed
    assert (b"\x1b[32m" in printed) == (no_colour == "")


@pytest.fixture(scope="module")
def client(noida, shared_simulator, start_shared_relay, tmp_path_factory):
    """`client(*arguments)` runs `bedrock-relay request` against a relay that echoes."""
    shared_simulator.script(**{"anthropic.*": {"text": "@echo"}})
    with Stage(noida, shared_simulator, partitions=2) as stage:
        config = stage.config()
        start_shared_relay(config, stage.environment).wait_until_ready()
        file = tmp_path_factory.mktemp("client") / "config.yaml"
        file.write_text(json.dumps(config))
        yield lambda *arguments, **options: bedrock_relay("request", "--config", file, *arguments, **options)


def test_request_prints_the_answer(client):
    text = f"Good morning {uuid.uuid4().hex}"

    result = client(text)

    assert (result.returncode, result.stdout) == (0, text + "\n")
    assert HAIKU in result.stderr  # who answered, out of the way of pipes


def test_request_takes_a_raw_body(client, tmp_path):
    body = json.dumps({"model": "claude", "messages": [{"role": "user", "content": "raw"}]})
    file = tmp_path / "body.json"
    file.write_text(body)

    for result in (client("--json", input=body), client("--body", file)):
        assert result.returncode == 0
        assert json.loads(result.stdout)["choices"][0]["message"]["content"] == "raw"


def test_request_prints_a_stream_as_it_comes(client):
    text = f"Good morning {uuid.uuid4().hex}"

    result = client("--stream", text)
    body = json.dumps({"model": "claude", "stream": True, "messages": [{"role": "user", "content": "a b"}]})
    raw = client("--json", input=body)

    assert (result.returncode, result.stdout) == (0, text + "\n")
    assert HAIKU in result.stderr
    lines = raw.stdout.splitlines()
    assert (raw.returncode, lines[-1]) == (0, "[DONE]")
    assert json.loads(lines[0])["object"] == "chat.completion.chunk"


def test_an_error_reply_goes_to_standard_error_with_1(client):
    unknown = client("--model", "gpt-9", "hello")
    raw = client("--json", input="not JSON")

    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "gpt-9" in unknown.stderr
    assert raw.returncode == 1
    assert "JSON" in raw.stdout + raw.stderr


def test_a_reply_topic_that_is_not_allowed_is_told(client, noida):
    topic = f"own-{uuid.uuid4().hex[:8]}"
    noida.create_topic(topic)

    result = client("--reply-topic", topic, "hello")

    assert (result.returncode, result.stdout) == (1, "")
    assert "403" in result.stderr and "not allowed" in result.stderr


def test_request_gives_up_when_no_relay_runs(noida, shared_simulator, tmp_path):
    with Stage(noida, shared_simulator) as stage:
        file = tmp_path / "config.yaml"
        file.write_text(json.dumps(stage.config()))

        result = bedrock_relay("request", "--config", file, "--timeout", "1", "hello")

    assert (result.returncode, result.stdout) == (1, "")
    assert "1 s" in result.stderr or "timed out" in result.stderr or "no reply" in result.stderr.lower()


def test_kcat_alone_is_a_client(stage, start_relay):
    """The shell line of the README."""
    stage.simulator.script(**{"anthropic.*": {"text": "@echo"}})
    start_relay(stage.config(), stage.environment).wait_until_ready()
    body = json.dumps({"model": "claude", "messages": [{"role": "user", "content": "Hello"}]})
    broker = stage.broker.address
    line = (
        f"echo '{body}' | kcat -b {broker} -t {stage.request_topic} -P -k me -H correlation-id=1 && "
        f"kcat -b {broker} -t {stage.reply_topic} -C -o beginning -c 1 -q -X fetch.wait.max.ms=20"
    )

    result = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30)

    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["choices"][0]["message"]["content"] == "Hello"


def tunables_of(process):
    """What the running program was started with for glibc, which parts the list where it lies."""
    with open(f"/proc/{process.pid}/environ") as file:
        return re.search(r"(?:^|\0)GLIBC_TUNABLES=((?:[:\0]?glibc\.[a-z_.]+=\d+)*)", file.read())[1].replace("\0", ":")


def test_run_sets_its_allocator(stage, start_relay):
    relay = start_relay(stage.config()).wait_until_ready()

    assert tunables_of(relay.process) == "glibc.malloc.tcache_count=1000:glibc.malloc.arena_max=1"
    with open(f"/proc/{relay.process.pid}/comm") as name:
        assert name.read() == "bedrock-relay\n"


def test_what_the_operator_tells_the_allocator_stays(stage, start_relay):
    tunables = "glibc.malloc.arena_max=2"
    relay = start_relay(stage.config(), {**stage.environment, "GLIBC_TUNABLES": tunables}).wait_until_ready()

    assert tunables_of(relay.process) == tunables
