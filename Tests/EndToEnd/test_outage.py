"""Kafka or Bedrock is away, at the start or later: the relay says so, waits, and goes on by itself."""

import contextlib

import pytest

from conftest import binary
from simulator import Simulator
from stage import HAIKU, Stage, deployment
from waiting import wait_until

PATIENCE = {"reconnect.backoff.max.ms": 500}


@pytest.fixture
def start_simulator():
    """`start(port=0)` returns a simulator."""
    with contextlib.ExitStack() as stack:
        yield lambda port=0: stack.enter_context(Simulator(binary("bedrock-simulator"), "--keep-journal", port=port))


def problems(relay):
    """What the log says above information."""
    return [entry for entry in relay.events() if entry["level"] in {"warning", "error"}]


def events(stage):
    return [record.json() for record in stage.reader(stage.event_topic).read_to_end()]


def test_a_broker_that_comes_after_the_relay(own_noida, simulator, start_relay):
    broker = own_noida()
    with Stage(broker, simulator) as stage:
        request = stage.ask()
        broker.stop()

        relay = start_relay(stage.config(kafka=PATIENCE), stage.environment)
        relay.wait_until(lambda: problems(relay), "complaining about the broker")
        assert any(broker.address in str(entry) for entry in problems(relay)), problems(relay)
        assert relay.get("/readyz").status_code == 503
        assert relay.get("/healthz").status_code == 200  # not yet for a minute

        own_noida()
        relay.wait_until_ready()
        assert stage.reply(request).text("x-relay-status") == "200"
        assert stage.event(request)["status"] == 200


def test_a_broker_that_goes_away_and_comes_back(own_noida, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "700ms"}})
    broker = own_noida()
    with Stage(broker, simulator, partitions=2) as stage:
        relay = start_relay(stage.config(kafka=PATIENCE), stage.environment).wait_until_ready()
        assert stage.reply(stage.ask()).text("x-relay-status") == "200"
        in_flight = [stage.ask(f"[id:{n}]", partition=n % 2) for n in range(30)]
        wait_until(lambda: simulator.journal()["requests"] == 31, "all requests in flight")

        broker.stop()
        relay.wait_until(lambda: problems(relay), "complaining about the broker")
        assert any(broker.address in str(entry) for entry in problems(relay)), problems(relay)
        own_noida()

        answers = stage.answers(in_flight)
        assert all(reply.text("x-relay-status") == "200" for replies in answers.values() for reply in replies)
        later = stage.ask()
        assert stage.reply(later).text("x-relay-status") == "200"
        # The group may have lost its members' positions: at least once, but every one of them.
        wait_until(lambda: len({str(event["source"]) for event in events(stage)}) == 32, "an event each")
        assert {event["status"] for event in events(stage)} == {200}
        assert relay.get("/readyz").status_code == 200
        wait_until(lambda: sum(max(position, 0) for position, _ in stage.committed()) == 32, "all committed")


def test_bedrock_that_comes_after_the_relay(noida, start_simulator, start_relay):
    simulator = start_simulator()
    simulator.process.stop()
    with Stage(noida, simulator) as stage:
        config = stage.config([deployment("claude"), deployment("patient", num_retries=8)])
        relay = start_relay(config, stage.environment).wait_until_ready()
        refused = stage.ask(num_retries=0)

        reply = stage.reply(refused)
        assert (reply.text("x-relay-status"), reply.json()["error"]["type"]) == ("503", "server_error")
        assert stage.dead_letter(refused).value == refused.value
        assert stage.event(refused)["outcome"] == "error"
        failing, failed = problems(relay)
        assert (failing["event"], failing["model"], failing["status"]) == ("deployment fails", HAIKU, 503)
        assert (failed["event"], failed["source"], failed["status"]) == ("request failed", refused.source, 503)
        assert failing["reason"] and failed["reason"]
        patient = stage.ask(model="patient")
        wait_until(lambda: relay.metric("requests_in_flight") == 1, "the patient request in flight")

        start_simulator(simulator.port)
        assert stage.reply(patient).text("x-relay-status") == "200"
        assert int(stage.reply(patient).text("x-relay-attempted-retries")) > 0
        assert stage.reply(stage.ask()).text("x-relay-status") == "200"
        relay.wait_for_line('"event":"deployment answers again"')


def test_bedrock_that_goes_away_and_comes_back(noida, start_simulator, start_relay):
    simulator = start_simulator()
    simulator.script(**{HAIKU: {"steps": "hang"}})
    with Stage(noida, simulator) as stage:
        config = stage.config(router_settings={"num_retries": 8})
        start_relay(config, stage.environment).wait_until_ready()
        requests = [stage.ask() for _ in range(5)]
        wait_until(lambda: simulator.journal()["requests"] == 5, "all requests in flight")

        simulator.process.kill()
        start_simulator(simulator.port)

        answers = [stage.reply(request) for request in requests]
        assert [answer.text("x-relay-status") for answer in answers] == ["200"] * 5
        assert all(int(answer.text("x-relay-attempted-retries")) > 0 for answer in answers)
