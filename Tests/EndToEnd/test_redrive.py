"""`bedrock-relay redrive`: dead letters back to their request topic, each once, whatever interrupts it."""

import collections
import json
import os
import subprocess
import time

import pytest

from child_process import ChildProcess
from conftest import binary
from stage import HAIKU, Stage, chat
from waiting import wait_until


@pytest.fixture
def write_config(tmp_path):
    def write(config):
        file = tmp_path / "redrive.yaml"
        file.write_text(json.dumps(config))
        return file

    return write


def redrive(file, *arguments):
    """Runs the command to its end."""
    return subprocess.run(
        [binary("bedrock-relay"), "redrive", "--config", file, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "AWS_REGION": "us-east-1"},
    )


def letter(stage, number, error_type="rate_limit_error", topic=None, partition=0, headers=()):
    """A dead letter as the relay writes it: (key, value, headers)."""
    return (
        f"key-{number}",
        json.dumps(chat(f"[id:{number}]")),
        [
            ("correlation-id", f"c-{number}".encode()),
            *headers,
            ("x-relay-error-status", b"429"),
            ("x-relay-error-type", error_type.encode()),
            ("x-relay-error-message", b"no"),
            ("x-relay-source", f"{topic or stage.request_topic}/{partition}/{number}".encode()),
            ("x-relay-failed-at", b"2026-01-01T00:00:00.000Z"),
            ("kafka_dlt-original-topic", stage.request_topic.encode()),
            ("__connect.errors.topic", stage.request_topic.encode()),
        ],
    )


def bury(stage, letters, partition=0):
    return stage.writer.write_all(stage.dead_letter_topic, letters, partition)


def test_dead_letters_of_the_relay_are_answered_after_a_redrive(stage, start_relay, write_config):
    stage.simulator.script(**{HAIKU: {"steps": "500"}})
    config = stage.config(router_settings={"num_retries": 0, "disable_cooldowns": True})
    start_relay(config, stage.environment).wait_until_ready()
    requests = [
        stage.ask(f"[id:{n}]", key=f"key-{n}", headers=[("correlation-id", f"c-{n}"), ("tag", b"\x00\xff")])
        for n in range(3)
    ]
    for request in requests:
        stage.dead_letter(request)
    stage.simulator.script(**{HAIKU: {"steps": "200"}})

    result = redrive(write_config(config))

    assert result.returncode == 0, result.stderr
    assert f"{stage.dead_letter_topic}: 3 dead letters re-submitted to {stage.request_topic}" in result.stdout
    reader = stage.reader(stage.request_topic)
    again = reader.wait_for(lambda record: record.offset >= 3, "re-submitted", 3)
    for request, record in zip(requests, sorted(again, key=lambda record: record.key), strict=True):
        assert (record.key, record.value) == (request.key.encode(), request.value)
        assert record.headers == (
            ("correlation-id", request.header("correlation-id").encode()),
            ("tag", b"\x00\xff"),
            ("x-relay-redrives", b"1"),
        )
        assert stage.reply(record).text("x-relay-status") == "200"
        assert stage.reply(record).header("correlation-id") == record.header("correlation-id")


def test_nothing_is_redriven_a_second_time(stage, write_config):
    file = write_config(stage.config())
    bury(stage, [letter(stage, n) for n in range(5)])

    assert "5 dead letters re-submitted" in redrive(file).stdout
    assert "0 dead letters re-submitted" in redrive(file).stdout
    bury(stage, [letter(stage, 5)])
    assert "1 dead letter re-submitted" in redrive(file).stdout
    assert len(stage.reader(stage.request_topic).read_to_end()) == 6


def test_a_dry_run_writes_nothing(stage, write_config):
    file = write_config(stage.config())
    bury(stage, [letter(stage, 0), letter(stage, 1, "server_error")])

    for _ in range(2):
        result = redrive(file, "--dry-run")
        assert result.returncode == 0, result.stderr
        assert "2 dead letters would be re-submitted" in result.stdout
        assert "1  rate_limit_error" in result.stdout
    assert stage.reader(stage.request_topic).read_to_end() == []


def test_a_limit_and_error_types_leave_the_rest_for_later(stage, write_config):
    file = write_config(stage.config())
    types = ["server_error", "rate_limit_error", "server_error", "rate_limit_error", "timeout_error"]
    bury(stage, [letter(stage, n, error_type) for n, error_type in enumerate(types)])

    def ids(result):
        assert result.returncode == 0, result.stderr
        return [record.text("correlation-id") for record in stage.reader(stage.request_topic).read_to_end()]

    assert ids(redrive(file, "--error-type", "rate_limit_error", "--limit", 1)) == ["c-1"]
    assert ids(redrive(file, "--error-type", "rate_limit_error")) == ["c-1", "c-3"]
    last = redrive(file, "--error-type", "server_error", "--error-type", "timeout_error")
    assert ids(last) == ["c-1", "c-3", "c-0", "c-2", "c-4"]
    assert "left" not in last.stdout


def test_what_is_left_is_told_with_the_reason(stage, write_config):
    file = write_config(stage.config())
    bury(
        stage,
        [
            letter(stage, 0, topic="elsewhere"),
            letter(stage, 1, headers=[("x-relay-redrives", b"2")]),
            (None, "no dead letter", []),
        ],
    )

    result = redrive(file, "--max-redrives", 2)

    assert (result.returncode, result.stderr) == (0, "")
    assert "0 dead letters re-submitted" in result.stdout
    assert "3 left where they are" in result.stdout
    for reason in ("came from elsewhere", "--max-redrives", "not written by the relay"):
        assert reason in result.stdout
    assert stage.reader(stage.request_topic).read_to_end() == []


def test_partitions_and_deadlines(noida, simulator, write_config):
    with Stage(noida, simulator, partitions=3) as stage:
        past, future = b"1000", str(int(time.time() * 1000) + 3_600_000).encode()
        bury(stage, [letter(stage, 0, partition=2, headers=[("deadline", past)])], 1)
        bury(stage, [letter(stage, 1, partition=7, headers=[("deadline", future)])], 0)

        result = redrive(write_config(stage.config()))

        assert result.returncode == 0, result.stderr
        by_id = {record.text("correlation-id"): record for record in stage.reader(stage.request_topic).read_to_end()}
        assert by_id["c-0"].partition == 2
        assert "deadline" not in by_id["c-0"].names
        assert by_id["c-1"].header("deadline") == future


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"relay": {"dead_letter_topic": None}}, "relay.dead_letter_topic"),
        ({"kafka": {"isolation.level": "read_uncommitted"}}, "kafka.isolation.level"),
    ],
    ids=["no-topic", "isolation"],
)
def test_a_configuration_that_cannot_be_redriven_with_ends_with_2(stage, write_config, change, problem):
    result = redrive(write_config(stage.config(**change)))

    assert (result.returncode, result.stdout) == (2, "")
    assert problem in result.stderr


def test_a_missing_topic_ends_with_1_and_its_name(stage, write_config):
    config = stage.config(relay={"dead_letter_topic": f"{stage.group}.nowhere"})

    result = redrive(write_config(config))

    assert result.returncode == 1
    assert f"{stage.group}.nowhere" in result.stderr


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_a_redrive_that_is_killed_is_completed_by_the_next(noida, simulator, write_config, delay):
    """However far it came: no letter is re-submitted twice, none is left out."""
    count = 6000
    with Stage(noida, simulator, partitions=2) as stage:
        for partition in range(2):
            numbers = range(partition * count // 2, (partition + 1) * count // 2)
            bury(stage, [letter(stage, n, partition=partition) for n in numbers], partition)
        file = write_config(stage.config())
        first = ChildProcess("redrive", [binary("bedrock-relay"), "redrive", "--config", file], _environment())
        reader = stage.reader(stage.request_topic)
        wait_until(lambda: any(reader.ends().values()), "the first records")
        time.sleep(delay)  # a kill at another moment, not a wait for something
        first.kill()
        noida.wait_until_hung_up()

        result = redrive(file)

        assert result.returncode == 0, result.stderr
        sent = collections.Counter(record.text("correlation-id") for record in reader.read_to_end())
        assert len(sent) == count, result.stdout
        assert set(sent.values()) == {1}


def test_a_second_redrive_takes_over_from_a_first(noida, simulator, write_config):
    count = 6000
    with Stage(noida, simulator) as stage:
        bury(stage, [letter(stage, n) for n in range(count)])
        file = write_config(stage.config())
        commands = [
            ChildProcess(f"redrive-{n}", [binary("bedrock-relay"), "redrive", "--config", file], _environment())
            for n in range(3)
        ]
        codes = [command.wait(60) for command in commands]

        assert 0 in codes
        assert redrive(file).returncode == 0
        sent = collections.Counter(
            record.text("correlation-id") for record in stage.reader(stage.request_topic).read_to_end()
        )
        assert len(sent) == count
        assert set(sent.values()) == {1}


def _environment():
    return {**os.environ, "AWS_REGION": "us-east-1", "SWIFT_BACKTRACE": "enable=no"}
