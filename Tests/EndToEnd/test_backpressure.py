"""What waits is bounded by the configuration, and holds up nobody but those that wait for the same."""

import collections

import pytest

from conftest import binary
from kafka_mock import KafkaMock
from stage import HAIKU, SONNET, Stage, chat, deployment
from waiting import wait_until

MEBIBYTE = 1 << 20
SLOW_REPLIES_BROKER = 3


@pytest.fixture
def mock_broker():
    with KafkaMock(binary("kafka-mock")) as broker:
        yield broker


@pytest.fixture
def mock_stage(mock_broker, simulator):
    """A stage on broker 1 with one more reply topic on a broker of its own: `stage.slow_replies`."""
    with Stage(mock_broker, simulator) as stage:
        stage.slow_replies = f"{stage.reply_topic}.slow"
        mock_broker.create_topic(stage.slow_replies)
        for topic in (stage.request_topic, stage.reply_topic, stage.event_topic, stage.dead_letter_topic):
            mock_broker.command("leader", topic, 0, 1)
        mock_broker.command("leader", stage.slow_replies, 0, SLOW_REPLIES_BROKER)
        mock_broker.command("coordinator", stage.group, 1)
        yield stage


def assert_each_sent_once(simulator, ids):
    assert collections.Counter(entry["id"] for entry in simulator.entries()) == dict.fromkeys(ids, 1)


def test_records_in_memory_are_bounded(stage, start_relay):
    stage.simulator.script(**{HAIKU: {"latency": "200ms"}})
    config = stage.config(relay={"max_buffered_bytes": MEBIBYTE, "partition_concurrency": 64})
    relay = start_relay(config, stage.environment).wait_until_ready()
    padding = "x" * 100_000
    requests = stage.submit_all([(None, chat(f"[id:{n}] {padding}"), []) for n in range(60)])

    seen = []

    def is_done():
        seen.append((relay.metric("requests_in_flight"), relay.metric("buffered_bytes")))
        return relay.metric("requests_total") == 60

    wait_until(is_done, "all answered")
    assert len(stage.answers(requests)) == 60
    most, most_bytes = (max(samples) for samples in zip(*seen, strict=True))
    assert 5 <= most <= 11
    # Replies of those in flight come on top while they are delivered: half a kilobyte each here, and 4 KiB for what goes
    # with it.
    assert most_bytes <= MEBIBYTE + len(requests[0].value) + 11 * (4096 + 1024)
    assert relay.metric("buffered_bytes") == 0


def test_replies_that_wait_for_their_topic_are_bounded(mock_stage, mock_broker, start_relay):
    stage = mock_stage
    stage.simulator.script(**{HAIKU: {"text": "x" * 50_000}})
    config = stage.config(
        kafka={"reconnect.backoff.max.ms": 500},
        relay={
            "max_buffered_bytes": MEBIBYTE, "partition_concurrency": 8, "allowed_reply_topics": [stage.slow_replies],
        },
    )  # fmt: skip
    relay = start_relay(config, stage.environment).wait_until_ready()
    to_slow = [("reply-topic", stage.slow_replies.encode())]
    stage.reply(stage.ask("[id:first]", headers=to_slow), topic=stage.slow_replies)

    mock_broker.command("down", SLOW_REPLIES_BROKER)
    requests = stage.submit_all([(None, chat(f"[id:{n}]"), to_slow) for n in range(100)])
    wait_until(lambda: relay.metric("buffered_bytes") >= MEBIBYTE, "the bound reached")
    wait_until(lambda: relay.get("/routes").json()["deployments"][0]["in_flight"] == 0, "nobody asked any more")
    assert stage.simulator.journal()["requests"] <= 1 + MEBIBYTE / 50_000 + 8

    mock_broker.command("up", SLOW_REPLIES_BROKER)
    for request in requests:
        assert stage.reply(request, topic=stage.slow_replies, timeout=60).text("x-relay-status") == "200"
    assert_each_sent_once(stage.simulator, ["first", *map(str, range(100))])
    wait_until(lambda: relay.metric("buffered_bytes") == 0, "nothing held")


def test_a_reply_topic_that_is_away_does_not_hold_up_another(mock_stage, mock_broker, start_relay):
    stage = mock_stage
    config = stage.config(
        kafka={"reconnect.backoff.max.ms": 500},
        relay={"partition_concurrency": 4, "allowed_reply_topics": [stage.slow_replies]},
    )
    start_relay(config, stage.environment).wait_until_ready()
    to_slow = [("reply-topic", stage.slow_replies.encode())]
    stage.reply(stage.ask("[id:first]", headers=to_slow), topic=stage.slow_replies)

    mock_broker.command("down", SLOW_REPLIES_BROKER)
    requests = stage.submit_all([(None, chat(f"[id:{n}]"), to_slow if n % 2 else []) for n in range(80)])
    answered, held = requests[::2], requests[1::2]
    assert len(stage.answers(answered)) == 40

    mock_broker.command("up", SLOW_REPLIES_BROKER)
    for request in held:
        assert stage.reply(request, topic=stage.slow_replies, timeout=60).text("x-relay-status") == "200"
    assert_each_sent_once(stage.simulator, ["first", *map(str, range(80))])


@pytest.mark.parametrize("ordering", ["unordered", "key", "partition"])
def test_a_partition_that_waits_does_not_hold_up_another(noida, simulator, start_relay, ordering):
    """For capacity, for a model that hangs."""
    simulator.script(**{HAIKU: {"steps": "hang"}})
    with Stage(noida, simulator, partitions=3) as stage:
        models = [
            deployment("limited", max_parallel_requests=1), deployment("hanging"), deployment("free", SONNET),
        ]  # fmt: skip
        config = stage.config(models, relay={"partition_concurrency": 4, "ordering": ordering, "shutdown_grace": 0})
        start_relay(config, stage.environment).wait_until_ready()
        for partition, model in enumerate(["limited", "hanging"]):
            stage.submit_all([(b"k%d" % n, chat("stuck", model), []) for n in range(10)], partition)
        wait_until(lambda: simulator.journal()["requests"] >= 2, "two partitions stuck")

        free = stage.submit_all([(b"k%d" % n, chat(f"[id:{n}]", "free"), []) for n in range(40)], 2)

        assert len(stage.answers(free)) == 40
        assert stage.committed()[2][0] in range(41)
