"""Two instances of one consumer group share the work, and one takes over from the other."""

import collections
import signal
import time

import pytest

from stage import HAIKU, Stage, chat
from waiting import wait_until


def submit_to_all(stage, count, name):
    requests = []
    for partition in range(stage.partitions):
        records = [(None, chat(f"[id:{name}-{partition}-{n}]"), []) for n in range(count)]
        requests += stage.submit_all(records, partition)
    return requests


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range"])
def test_work_is_shared_and_taken_over(tansu, simulator, start_relay, strategy):
    """`range`, which takes every partition away from everybody first, is what to fall back to (operations.md).

    On the broker that forms groups as Kafka does: noida begins a new generation before its members have joined it.
    """
    simulator.script(**{HAIKU: {"latency": "100ms"}})
    with Stage(tansu, simulator, partitions=4) as stage:
        config = stage.config(
            kafka={"partition.assignment.strategy": strategy}, relay={"partition_concurrency": 4}
        )
        one = start_relay(config, stage.environment, "one").wait_until_ready()
        early = submit_to_all(stage, 30, "early")
        two = start_relay(config, stage.environment, "two").wait_until_ready()
        for relay in (one, two):
            relay.wait_until(lambda: relay.metric("assigned_partitions") == 2, "sharing")  # noqa: B023
        shared = submit_to_all(stage, 10, "shared")
        stage.answers(early + shared)

        instances = collections.Counter(stage.event(request)["instance"] for request in shared)
        assert sorted(instances.values()) == [20, 20]
        partitions = collections.Counter((stage.event(request)["instance"], request.partition) for request in shared)
        assert len(partitions) == 4

        late = submit_to_all(stage, 20, "late")
        assert one.terminate() == 0
        stage.answers(early + shared + late)
        two.wait_until(lambda: two.metric("assigned_partitions") == 4, "taking over")
        wait_until(lambda: [position for position, _ in stage.committed()] == [60] * 4, "commits")

        # Whoever joins and leaves, nothing is repeated: a partition is drained before it moves.
        sent = collections.Counter(entry["id"] for entry in simulator.entries())
        assert len(sent) == 4 * (30 + 10 + 20)
        assert set(sent.values()) == {1}


def test_a_process_that_stood_still_does_not_go_on_with_what_others_have_answered(tansu, simulator, start_relay):
    """It finds a full queue when it goes on, before it hears that its partitions are others' now."""
    simulator.script(**{HAIKU: {"latency": "300ms"}})
    with Stage(tansu, simulator, partitions=4) as stage:
        config = stage.config(kafka={"session.timeout.ms": 2000}, relay={"partition_concurrency": 16})
        one = start_relay(config, stage.environment, "one").wait_until_ready()
        two = start_relay(config, stage.environment, "two").wait_until_ready()
        for relay in (one, two):
            relay.wait_until(lambda: relay.metric("assigned_partitions") == 2, "sharing")  # noqa: B023
        requests = submit_to_all(stage, 100, "r")
        stage.answers(requests, count=40)

        one.process.send_signal(signal.SIGSTOP)
        try:
            stage.answers(requests)
        finally:
            resumed_ms = time.time() * 1000
            one.process.send_signal(signal.SIGCONT)
        one.wait_for_line('"event":"partitions lost"')
        one.wait_until(lambda: one.metric("assigned_partitions") == 2, "sharing again", timeout=30)

        late = [entry["id"] for entry in simulator.entries() if entry["time_ms"] > resumed_ms]
        assert len(late) <= 2 * 16, late  # in the place of those that were in flight


def test_a_static_member_stays_in_its_group_while_it_is_started_again(stage, start_relay):
    """`group.instance.id` passes through; whether its partitions stay with it meanwhile is the broker's part."""

    admin = stage.broker.admin()

    def members():
        (described,) = admin.describe_consumer_groups([stage.group]).values()
        return [
            (member.group_instance_id, [entry.partition for entry in member.assignment.topic_partitions])
            for member in described.result(timeout=10).members
        ]

    config = stage.config(kafka={"group.instance.id": "relay-0"})
    relay = start_relay(config, stage.environment, "first").wait_until_ready()
    assert members() == [("relay-0", [0])]

    assert relay.terminate() == 0
    assert members() == [("relay-0", [0])]
    start_relay(config, stage.environment, "second").wait_until_ready()
    assert stage.reply(stage.ask()).text("x-relay-status") == "200"
    assert members() == [("relay-0", [0])]
