"""Streams over HTTP/2: many on a connection, none of which holds up the others, and what becomes of them when it dies."""

import os
import signal
import time

import pytest

from brokers import Noida
from conftest import binary
from kafka_mock import KafkaMock
from stage import HAIKU, SONNET, Stage, deployment
from streaming import content, resident_kilobytes, stream
from tls_front import TLSFront
from waiting import patient

OK = {"steps": "200", "input-tokens": "12", "output-tokens": "40"}
WORDS = "one two three four five"


@pytest.fixture
def front(simulator, tmp_path):
    with TLSFront(tmp_path, simulator.url) as front:
        yield front


def through(front, stage):
    """An environment that leads the relay to `front`."""
    return {
        **stage.environment,
        "AWS_BEDROCK_RUNTIME_ENDPOINT": front.url,
        "AWS_CA_BUNDLE": str(front.certificates.bundle),
    }


def test_many_streams_share_a_few_connections(stage, front, start_relay):
    stage.simulator.script(**{HAIKU: OK | {"text": WORDS, "stream-delay": "100ms"}})
    config = stage.config(relay={"partition_concurrency": 200, "stream_flush": 0})
    relay = start_relay(config, through(front, stage)).wait_until_ready()

    requests = [stage.ask(stream=True) for _ in range(200)]

    for request in requests:
        assert "".join(content(stream(stage, request))) == WORDS
    assert relay.metric("upstream_responses_total", http_version="2") == 200
    # Five at most, unless requests wait for a quarter of a second, as in slower programs: then more are opened.
    assert relay.metric("upstream_connections_opened_total") <= patient(5)
    assert relay.metric("buffered_bytes") < 100_000  # outcomes of the last ones, at most


def test_streams_go_over_http_1_1_on_request(stage, front, start_relay):
    stage.simulator.script(**{HAIKU: OK | {"text": WORDS}})
    relay = start_relay(stage.config(relay={"http_version": "1.1"}), through(front, stage)).wait_until_ready()

    assert "".join(content(stream(stage, stage.ask(stream=True)))) == WORDS

    assert relay.metric("upstream_responses_total", http_version="1.1") == 1


@pytest.mark.parametrize("is_secure", [True, False], ids=["http2", "http1"])
def test_a_slow_reply_topic_slows_its_own_streams_only(simulator, start_relay, tmp_path, is_secure):
    """The slow topic's leader is away until its answer has been read; all else is led by the other brokers."""
    text = "word_"
    with (
        TLSFront(tmp_path, simulator.url) as front,
        KafkaMock(binary("kafka-mock")) as broker,
        Stage(broker, simulator) as stage,
    ):
        slow_topic = f"{stage.reply_topic}.slow"
        broker.create_topic(slow_topic)
        for topic in (stage.request_topic, stage.reply_topic, stage.event_topic, stage.dead_letter_topic):
            broker.command("leader", topic, 0, 1)
        broker.command("leader", slow_topic, 0, 2)
        broker.command("coordinator", stage.group, 1)
        simulator.script(
            **{
                HAIKU: OK | {"text": text, "stream-tokens": "60000"},
                SONNET: OK | {"text": WORDS, "stream-delay": "20ms"},
            }
        )
        config = stage.config(
            [deployment("long", HAIKU), deployment("short", SONNET)],
            relay={"allowed_reply_topics": [slow_topic]},
        )
        environment = through(front, stage) if is_secure else stage.environment
        relay = start_relay(config, environment).wait_until_ready()

        def is_of_the_slow(record):
            return record.text("x-relay-source") == slow.source

        broker.command("down", 2)
        slow = stage.ask(model="long", stream=True, headers=[("reply-topic", slow_topic.encode())])
        # As soon as more is held than may be on its way.
        relay.wait_until(lambda: relay.metric("buffered_bytes") > 64 << 10, "holding what cannot be published yet")

        for _ in range(5):
            assert "".join(content(stream(stage, stage.ask(model="short", stream=True)))) == WORDS
        assert relay.metric("requests_total") == 5  # the slow one is still on its way
        assert relay.metric("requests_in_flight") == 1
        if is_secure:
            assert relay.metric("upstream_connections_opened_total") == 1
            # All of the answer has been read, and waits here.
            relay.wait_until(lambda: relay.metric("buffered_bytes") > 250_000, "having read the whole answer")
        else:
            assert relay.metric("buffered_bytes") < 250_000  # its connection is not read from

        broker.command("up", 2)
        records = stream(stage, slow, topic=slow_topic, timeout=90)
        assert "".join(content(records)) == text * 60000
        assert records[-1].value == b"[DONE]"
        relay.wait_until(lambda: relay.metric("buffered_bytes") == 0, "rid of what it held")


def test_a_connection_that_dies_ends_its_streams_with_errors(stage, front, start_relay):
    stage.simulator.script(**{HAIKU: OK | {"text": WORDS, "stream-tokens": "1000", "stream-delay": "100ms"}})
    config = stage.config(relay={"stream_flush": 0}, router_settings={"num_retries": 2, "allowed_fails": 1000})
    relay = start_relay(config, through(front, stage)).wait_until_ready()
    requests = [stage.ask(stream=True) for _ in range(10)]
    stage.reader(stage.reply_topic).wait_for(
        lambda record: record.text("x-relay-stream-index") == "0", "a chunk of each", count=10
    )

    front.kill_worker()

    for request in requests:
        records = stream(stage, request)
        assert content(records)
        assert records[-1].text("x-relay-status") in ("502", "503")
        assert stage.event(request)["retries"] == 0
    # Once a chunk is published nothing is sent again, neither by the router nor by libcurl.
    assert stage.simulator.journal()["requests"] == 10
    assert relay.metric("upstream_resends_total", outcome="sent") == 0


def test_one_that_dies_before_the_first_chunk_is_retried(stage, front, start_relay):
    stage.simulator.script(**{HAIKU: OK | {"text": WORDS}})
    config = stage.config(router_settings={"num_retries": 1})
    relay = start_relay(config, through(front, stage)).wait_until_ready()
    stream(stage, stage.ask(stream=True))  # a used connection is one that libcurl would repeat on
    stage.simulator.script(**{HAIKU: OK | {"text": WORDS, "latency": "1500ms"}})
    request = stage.ask(stream=True)
    relay.wait_until(lambda: stage.simulator.journal()["requests"] == 2, "calling")

    front.kill_worker()

    records = stream(stage, request)
    assert "".join(content(records)) == WORDS
    assert stage.event(request)["retries"] == 1
    assert stage.simulator.journal()["requests"] == 3
    assert relay.metric("upstream_resends_total", outcome="sent") == 0


def test_silence_ends_a_stream_and_not_its_neighbours(stage, front, start_relay):
    stage.simulator.script(
        **{
            HAIKU: {"steps": "stall@2", "text": WORDS},
            SONNET: OK | {"text": WORDS, "stream-tokens": "30", "stream-delay": "100ms"},
        }
    )
    config = stage.config(
        [deployment("silent", HAIKU, stream_timeout=1), deployment("talking", SONNET)],
        router_settings={"num_retries": 0},
    )
    relay = start_relay(config, through(front, stage)).wait_until_ready()

    silent, talking = stage.ask(model="silent", stream=True), stage.ask(model="talking", stream=True)

    assert stream(stage, silent)[-1].text("x-relay-status") == "408"
    assert stream(stage, talking)[-1].value == b"[DONE]"
    assert relay.metric("upstream_connections_opened_total") == 1


def test_a_deadline_ends_a_stream_and_its_call(stage, front, start_relay):
    stage.simulator.script(**{HAIKU: OK | {"text": WORDS, "stream-tokens": "1000", "stream-delay": "20ms"}})
    relay = start_relay(stage.config(), through(front, stage)).wait_until_ready()

    deadline = str(int(time.time() * 1000) + 5000).encode()
    records = stream(stage, stage.ask(stream=True, headers=[("deadline", deadline)]))

    assert content(records)
    assert (records[-1].text("x-relay-status"), records[-1].json()["error"]["code"]) == ("504", "deadline_exceeded")
    assert relay.metric("deployment_requests_in_flight") == 0


def test_memory_stays_flat_while_a_broker_stops(tmp_path, simulator, start_relay, front):
    """What a long answer takes is its text, however many frames that came in."""
    with Noida(tmp_path / "noida") as broker, Stage(broker, simulator) as stage:
        relay = start_relay(stage.config(), through(front, stage)).wait_until_ready()
        text = "word_"
        simulator.script(**{HAIKU: OK | {"text": text, "stream-tokens": "100000"}})
        request = stage.ask(stream=True)
        stage.reader(stage.reply_topic).wait_for(lambda record: "x-relay-stream-index" in record.names, "a chunk")
        before = resident_kilobytes(relay)

        os.kill(broker.process.process.pid, signal.SIGSTOP)
        try:
            for _ in range(20):
                time.sleep(0.1)  # the broker's pause is the test's subject
                assert resident_kilobytes(relay) - before < 40_000
        finally:
            os.kill(broker.process.process.pid, signal.SIGCONT)

        records = stream(stage, request, timeout=120)
        assert "".join(content(records)) == text * 100000
        assert simulator.journal()["requests"] == 1
