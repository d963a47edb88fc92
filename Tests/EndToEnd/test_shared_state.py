"""Instances share their router's state through relay.state_topic: limits and cool-downs hold for all of them."""

import time
import uuid

import pytest
from kafka_client import TopicWriter
from stage import HAIKU, SONNET, Stage, chat, deployment
from waiting import wait_until


def wait_for_a_young_minute():
    """Limits count by calendar minutes: what must fit into one does not start at its end."""
    wait_until(lambda: time.time() % 60 < 40, "a young minute", timeout=30)


@pytest.fixture
def pair(noida, simulator, start_relay):
    """`pair(model_list, **settings)`: two instances of one group that know each other, and their stage."""
    stages = []

    def start(model_list, relay=None, is_shared=True, **sections):
        stage = Stage(noida, simulator, partitions=2)
        stages.append(stage)
        stage.state_topic = f"{uuid.uuid4().hex[:12]}.state"
        noida.create_topic(stage.state_topic, 1)
        relay = {**({"state_topic": stage.state_topic} if is_shared else {}), **(relay or {})}
        config = stage.config(model_list, relay=relay, **sections)
        relays = [start_relay(config, stage.environment, name) for name in ("one", "two")]
        for relay in relays:
            relay.wait_until_ready()
            relay.wait_until(lambda: relay.metric("assigned_partitions") == 1, "sharing partitions")  # noqa: B023
            if is_shared:
                relay.wait_until(
                    lambda: relay.metric("state_connected") == relay.metric("state_peers") == 1,  # noqa: B023
                    "knowing the other",
                )
        return stage, relays

    yield start
    for stage in stages:
        stage.__exit__()


def burst(stage, count):
    """`count` requests to each partition, so to each instance, at once."""
    requests = []
    for partition in range(2):
        records = [(None, chat(f"[id:{partition}-{number}]"), []) for number in range(count)]
        requests += stage.submit_all(records, partition)
    return requests


def statuses(stage, requests):
    return [replies[0].text("x-relay-status") for replies in stage.answers(requests).values()]


def usages_of(relays):
    return [relay.get("/routes").json()["deployments"][0]["usage"] for relay in relays]


# Each takes at most a quarter of what is left before the other's report has come through, which may be late.
@pytest.mark.parametrize(("is_shared", "most"), [(True, 10 + 10 // 4), (False, 20)])
def test_one_limit_holds_for_both_instances(pair, is_shared, most):
    stage, relays = pair(
        [{**deployment("claude"), "rpm": 10}],
        relay={"on_capacity_exhausted": "reject"},
        is_shared=is_shared,
        router_settings={"routing_strategy": "usage-based-routing-v2", "num_retries": 0},
    )
    wait_for_a_young_minute()

    requests = burst(stage, 20)
    # What an instance has not heard back about in time is refused, and there for a later request.
    while (sent := statuses(stage, requests).count("200")) < (10 if is_shared else most):
        assert len(requests) < 400
        requests += stage.submit_all([(None, chat(), [])])

    assert sent <= most
    assert statuses(stage, requests).count("429") == len(requests) - sent
    assert stage.simulator.journal()["requests"] == sent
    if is_shared:
        own = [usage["requests_this_minute"] for usage in usages_of(relays)]
        assert own[0] > 0 and own[1] > 0 and sum(own) == sent
        wait_until(lambda: [usage["peer_requests_this_minute"] for usage in usages_of(relays)] == own[::-1], "told")


def test_one_busy_instance_may_use_all_of_a_limit(pair):
    stage, _ = pair(
        [{**deployment("claude"), "rpm": 10}],
        relay={"on_capacity_exhausted": "reject"},
        router_settings={"routing_strategy": "usage-based-routing-v2", "num_retries": 0},
    )
    wait_for_a_young_minute()
    requests = stage.submit_all([(None, chat(), []) for _ in range(12)], 0)
    assert sorted(statuses(stage, requests)) == ["200"] * 10 + ["429"] * 2


def test_a_cooldown_of_one_instance_is_seen_by_the_other(pair):
    stage, relays = pair(
        [deployment("claude", HAIKU, cooldown_time=60), deployment("claude", SONNET, cooldown_time=60)],
        router_settings={"num_retries": 2},
    )
    stage.simulator.script(**{HAIKU: {"steps": "429"}})
    count = 0
    while True:
        request = stage.ask(f"[id:first-{count}]", partition=0)
        assert stage.reply(request).text("x-relay-status") == "200"
        if len(stage.event(request)["attempts"]) > 1:
            break
        count += 1
        assert count < 60
    for relay in relays:
        relay.wait_until(
            lambda: max(d["cooldown_s"] or 0 for d in relay.get("/routes").json()["deployments"]) > 40,  # noqa: B023
            "the cool-down",
        )
    requests = stage.submit_all([(None, chat(f"[id:later-{n}]"), []) for n in range(20)], 1)
    assert set(statuses(stage, requests)) == {"200"}
    assert [len(stage.event(request)["attempts"]) for request in requests] == [1] * 20


def test_garbage_is_skipped_and_a_stopped_instance_forgotten(pair):
    stage, (one, two) = pair([{**deployment("claude"), "rpm": 100}])
    writer = TopicWriter(stage.broker.address)
    values = [b"", b"\xff\x00", b"{}", b'{"schema":"bedrock-relay.state.v2"}', None]
    for value in values:
        writer.write(stage.state_topic, value, None, (), 0)
    one.wait_until(lambda: one.metric("state_records_skipped_total") == 4, "garbage skipped")
    assert one.metric("state_peers") == 1
    assert two.terminate() == 0
    one.wait_until(lambda: one.metric("state_peers") == 0, "the other forgotten", timeout=5)
    assert one.metric("state_connected") == 1


def test_a_missing_state_topic_is_told_and_does_not_stop_anything(stage, start_relay):
    config = stage.config(relay={"state_topic": f"missing-{uuid.uuid4().hex}"})
    relay = start_relay(config, stage.environment).wait_until_ready()
    assert stage.reply(stage.ask()).text("x-relay-status") == "200"
    relay.wait_for_line("router state is not shared")
    assert relay.metric("state_connected") == 0
