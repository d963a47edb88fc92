"""SIGTERM: what is in flight is finished, committed and not repeated."""

import collections
import signal

from stage import HAIKU, Stage, chat
from waiting import wait_until


def test_requests_in_flight_are_finished_before_the_end(noida, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "2s"}})
    with Stage(noida, simulator, partitions=2) as stage:
        config = stage.config(relay={"partition_concurrency": 20, "shutdown_grace": 60})
        first = start_relay(config, stage.environment, "first").wait_until_ready()
        requests = []
        for partition in range(2):
            requests += stage.submit_all([(None, chat(f"[id:{partition}-{n}]"), []) for n in range(50)], partition)
        wait_until(lambda: simulator.journal()["requests"] >= 40, "full lanes")

        assert first.terminate(timeout=40) == 0  # when they have ended, not after the grace

        answered = len(stage.reader(stage.reply_topic).read_to_end())
        assert 40 <= answered < 100
        assert simulator.journal()["requests"] == answered
        start_relay(config, stage.environment, "second")
        answers = stage.answers(requests)
        assert [len(replies) for replies in answers.values()] == [1] * 100
        sent = collections.Counter(entry["id"] for entry in simulator.entries())
        assert sorted(sent.values()) == [1] * 100
        assert len(stage.reader(stage.event_topic).read_to_end()) == 100


def test_what_does_not_end_within_the_grace_is_left_to_the_next_instance(stage, start_relay):
    stage.simulator.script(**{HAIKU: {"steps": "hang"}})
    config = stage.config(relay={"shutdown_grace": 1})
    first = start_relay(config, stage.environment, "first").wait_until_ready()
    request = stage.ask()
    wait_until(lambda: stage.simulator.journal()["requests"] == 1, "the request in flight")

    assert first.terminate(timeout=10) == 0

    assert stage.reader(stage.reply_topic).read_to_end() == []
    stage.simulator.script(**{HAIKU: {"steps": "200"}})
    start_relay(config, stage.environment, "second")
    assert stage.reply(request).text("x-relay-status") == "200"


def test_a_second_signal_ends_it_at_once(stage, start_relay):
    stage.simulator.script(**{HAIKU: {"steps": "hang"}})
    config = stage.config(relay={"shutdown_grace": 60})
    relay = start_relay(config, stage.environment).wait_until_ready()
    stage.ask()
    wait_until(lambda: stage.simulator.journal()["requests"] == 1, "the request in flight")
    relay.process.terminate()
    relay.wait_for_line('"event":"stopping"')

    assert relay.terminate(timeout=30) == 1  # and not after the grace


def test_an_idle_relay_stops_at_sigint_too(stage, start_relay):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()

    relay.process.send_signal(signal.SIGINT)

    assert relay.wait(10) == 0
