"""`delivery: exactly_once`: a read_committed reader sees each outcome once, whatever happens in between.

On noida-db, whose transactions are real: it hides aborted records, keeps positions that are part of a transaction apart
until it is committed, and fences producers.
"""

import collections
import secrets

import pytest
from confluent_kafka import Producer

import lossy_proxy
from lossy_proxy import LossyProxy
from stage import HAIKU, Stage, chat
from waiting import wait_until

EXACTLY_ONCE = {"delivery": "exactly_once"}
STATIC = {"group.instance.id": "relay-0"}  # this broker never notices that a member died


def submit(stage, count, name="r"):
    requests = []
    for partition in range(stage.partitions):
        records = [(None, chat(f"[id:{name}-{partition}-{n}]"), []) for n in range(count)]
        requests += stage.submit_all(records, partition)
    return requests


def sources(records):
    return collections.Counter(record.text("x-relay-source") for record in records)


def assert_each_once(stage, requests):
    """Exactly one reply and one routing event for each request, as a read_committed reader sees it."""
    stage.answers(requests)
    wanted = {request.source: 1 for request in requests}
    assert sources(stage.reader(stage.reply_topic).read_to_end()) == wanted
    events = collections.Counter(
        "{topic}/{partition}/{offset}".format(**record.json()["source"])
        for record in stage.reader(stage.event_topic).read_to_end()
    )
    assert events == wanted


def assert_committed(stage, count):
    wait_until(lambda: [position for position, _ in stage.committed()] == [count] * stage.partitions, "commits")


def test_replies_events_and_positions_are_committed_together(noida, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "20ms"}})
    with Stage(noida, simulator, partitions=2) as stage:
        relay = start_relay(stage.config(relay=EXACTLY_ONCE), stage.environment).wait_until_ready()
        requests = submit(stage, 100)
        bad = [stage.submit(b"not json", partition=partition) for partition in range(2)]

        assert_each_once(stage, requests + bad)
        assert_committed(stage, 101)
        letters = stage.reader(stage.dead_letter_topic).read_to_end()
        assert sources(letters) == {request.source: 1 for request in bad}
        assert simulator.journal()["requests"] == 200
        assert relay.events("transaction aborted; its outcomes go into the next") == []

        assert relay.terminate() == 0
        assert_committed(stage, 101)


def test_a_kill_repeats_only_what_was_in_flight_and_shows_nothing_twice(noida, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "200ms"}})
    with Stage(noida, simulator, partitions=2) as stage:
        config = stage.config(kafka=STATIC, relay={**EXACTLY_ONCE, "partition_concurrency": 16})
        requests = submit(stage, 120)
        for number in range(3):
            relay = start_relay(config, stage.environment, f"relay-{number}").wait_until_ready()
            stage.answers(requests, count=50 * (number + 1))
            relay.kill()
            noida.wait_until_hung_up()
        start_relay(config, stage.environment, "last")

        assert_each_once(stage, requests)
        assert_committed(stage, 120)
        sent = collections.Counter(entry["id"] for entry in simulator.entries())
        # At most 32 at the model, and others whose answers waited for their transaction: it comes ten times a second.
        assert sum(sent.values()) <= 240 + 3 * 2 * 32


def test_a_producer_that_was_fenced_is_replaced_and_calls_nobody_again(noida, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "100ms"}})
    with Stage(noida, simulator, partitions=2) as stage:
        config = stage.config(kafka=STATIC, relay={**EXACTLY_ONCE, "partition_concurrency": 16})
        relay = start_relay(config, stage.environment).wait_until_ready()
        requests = []
        for round_number in (1, 2):
            requests += submit(stage, 25, f"before-{round_number}")
            stage.answers(requests, count=len(requests) - 30)
            rival = Producer({
                "bootstrap.servers": noida.address,
                "transactional.id": f"{stage.group}-relay-0",
                "log_level": 0,
            })
            rival.init_transactions(10)
            requests += submit(stage, 25, f"after-{round_number}")
            relay.wait_until(lambda: len(relay.events("producer_restart")) == round_number, "fenced")  # noqa: B023

        assert_each_once(stage, requests)
        assert_committed(stage, 100)
        assert simulator.journal()["requests"] == 200


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_a_reply_that_its_topic_does_not_take_costs_the_others_nothing(noida, simulator, start_relay, delivery):
    with Stage(noida, simulator) as stage:
        small = f"{stage.reply_topic}.small"
        noida.create_topic(small, config={"max.message.bytes": "2000"})
        simulator.script(**{HAIKU: {"latency": "50ms", "text": secrets.token_hex(4000)}})  # does not compress
        config = stage.config(relay={"delivery": delivery, "allowed_reply_topics": [small]})
        start_relay(config, stage.environment).wait_until_ready()
        headers = [("reply-topic", small.encode())]
        ordinary = [stage.ask(f"[id:{n}]") for n in range(5)]
        refused = stage.ask("[id:refused]", headers=headers)
        ordinary += [stage.ask(f"[id:{n}]") for n in range(5, 10)]

        reply = stage.reply(refused, topic=small)
        assert reply.text("x-relay-status") == "413"
        error = reply.json()["error"]
        assert error["code"] == "reply_too_large"
        assert "finish_reason stop" in error["message"]
        usage = stage.event(refused)["usage"]
        assert f"{usage['prompt_tokens']} prompt and {usage['completion_tokens']} completion tokens" in error["message"]
        assert stage.dead_letter(refused).value == refused.value
        stage.answers(ordinary)
        assert sources(stage.reader(stage.reply_topic).read_to_end()) == {request.source: 1 for request in ordinary}
        assert simulator.journal()["requests"] == 11


def test_work_moves_between_instances_without_a_repeat(noida, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "600..900ms"}})
    with Stage(noida, simulator, partitions=4) as stage:
        config = stage.config(relay={**EXACTLY_ONCE, "partition_concurrency": 4})
        one = start_relay(config, stage.environment, "one").wait_until_ready()
        requests = submit(stage, 30, "early")
        # With work on all partitions: when a member gives back within milliseconds, this broker loses the other's join.
        stage.answers(requests, count=8)
        two = start_relay(config, stage.environment, "two").wait_until_ready()
        for relay in (one, two):
            relay.wait_until(lambda: relay.metric("assigned_partitions") == 2, "sharing")  # noqa: B023
        requests += submit(stage, 10, "late")
        stage.answers(requests, count=120)
        assert one.terminate() == 0

        assert_each_once(stage, requests)
        assert_committed(stage, 40)
        assert simulator.journal()["requests"] == 160


@pytest.mark.parametrize("ordering", ["key", "partition"])
def test_order_is_kept_within_a_key_and_a_partition(noida, simulator, start_relay, ordering):
    simulator.script(**{HAIKU: {"latency": "1..60ms"}})
    with Stage(noida, simulator) as stage:
        config = stage.config(relay={**EXACTLY_ONCE, "ordering": ordering, "transaction_interval": 0.01})
        start_relay(config, stage.environment).wait_until_ready()
        requests = stage.submit_all([(b"k%d" % (n % 3), chat(f"[id:{n}]"), []) for n in range(60)])

        assert_each_once(stage, requests)
        replies = stage.reader(stage.reply_topic).records
        keys = {None} if ordering == "partition" else {b"k0", b"k1", b"k2"}
        for key in keys:
            offsets = [int(reply.text("x-relay-source").split("/")[2]) for reply in replies if key in (None, reply.key)]
            assert offsets == sorted(offsets)


@pytest.mark.parametrize("api", ["PRODUCE", "ADD_PARTITIONS", "ADD_OFFSETS", "TRANSACTION_OFFSETS", "END_TRANSACTION"])
def test_answers_of_the_broker_that_get_lost(noida, simulator, start_relay, api):
    """The client cannot know whether it was done."""
    api = getattr(lossy_proxy, api)
    simulator.script(**{HAIKU: {"latency": "20..80ms"}})
    with Stage(noida, simulator, partitions=2) as stage, LossyProxy(noida.port) as proxy:
        kafka = {"bootstrap.servers": proxy.address, "reconnect.backoff.max.ms": 200}
        config = stage.config(kafka=kafka, relay={**EXACTLY_ONCE, "partition_concurrency": 8})
        start_relay(config, stage.environment).wait_until_ready()
        requests = submit(stage, 15, "first")
        for number in range(3):
            stage.answers(requests, count=len(requests) - 20)
            proxy.lose(api, 2)
            requests += submit(stage, 15, f"round-{number}")  # so that something is left to be lost

        assert_each_once(stage, requests)
        assert_committed(stage, 60)
        assert proxy.left_to_lose(api) < 6
        assert simulator.journal()["requests"] == 120


def test_a_broker_that_is_restarted(own_noida, simulator, start_relay):
    """Between two transactions: this broker does not keep one over its end."""
    simulator.script(**{HAIKU: {"latency": "200ms"}})
    broker = own_noida()
    with Stage(broker, simulator, partitions=2) as stage:
        config = stage.config(
            kafka={"reconnect.backoff.max.ms": 300},
            relay={**EXACTLY_ONCE, "partition_concurrency": 8, "transaction_interval": 0.5},
        )
        start_relay(config, stage.environment).wait_until_ready()
        requests = submit(stage, 60)
        committed = len(stage.answers(requests, count=30))
        broker.stop()
        own_noida()

        assert_each_once(stage, requests)
        assert_committed(stage, 60)
        # The broker forgets its groups: what was not committed then is somebody else's, answered or not.
        assert simulator.journal()["requests"] <= 120 + 120 - committed


def test_a_stream_becomes_visible_as_a_whole(noida, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "20ms", "text": "one two three four five six seven eight nine ten"}})
    with Stage(noida, simulator) as stage:
        config = stage.config(kafka=STATIC, relay={**EXACTLY_ONCE, "stream_flush": 0})
        relay = start_relay(config, stage.environment).wait_until_ready()
        requests = [stage.ask(f"[id:{n}]", stream=True) for n in range(20)]
        stage.reader(stage.reply_topic).wait_for(lambda record: record.value == b"[DONE]", "ends", count=5)
        relay.kill()
        noida.wait_until_hung_up()
        start_relay(config, stage.environment, "second")

        ends = stage.reader(stage.reply_topic)
        ends.wait_for(lambda record: record.value == b"[DONE]", "ends", count=20)
        streams = collections.defaultdict(list)
        for record in ends.read_to_end():
            streams[record.text("x-relay-source")].append(record)
        assert set(streams) == {request.source for request in requests}
        for records in streams.values():
            assert [int(record.text("x-relay-stream-index")) for record in records] == list(range(len(records)))
            assert len(records) > 3
            assert [record.value == b"[DONE]" for record in records] == [False] * (len(records) - 1) + [True]
            assert len({record.offset - index for index, record in enumerate(records)}) == 1, "in one piece"
        assert_committed(stage, 20)
