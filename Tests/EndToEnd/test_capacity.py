"""Limits hold: what is over them waits or is refused, as configured, and is not sent."""

import time

from stage import HAIKU, SONNET, chat, deployment
from waiting import wait_until


def wait_for_most_of_a_minute():
    """Limits count by calendar minutes: what must fit into one does not start at its end."""
    wait_until(lambda: time.time() % 60 < 50, "a young minute", timeout=30)


def test_requests_over_the_limit_are_rejected_and_not_sent(stage, start_relay):
    limited = {**deployment("claude"), "rpm": 3, "tpm": 100_000}
    config = stage.config(
        [limited, deployment("free", SONNET)],
        relay={"on_capacity_exhausted": "reject"},
        router_settings={"routing_strategy": "usage-based-routing-v2", "num_retries": 0},
    )
    relay = start_relay(config, stage.environment).wait_until_ready()
    wait_for_most_of_a_minute()

    requests = [stage.ask(f"[id:{number}]") for number in range(5)]

    statuses = [stage.reply(request).text("x-relay-status") for request in requests]
    assert sorted(statuses) == ["200", "200", "200", "429", "429"]
    refused = requests[statuses.index("429")]
    assert stage.reply(refused).json()["error"]["type"] == "rate_limit_error"
    assert (stage.event(refused)["outcome"], stage.event(refused)["attempts"]) == ("error", [])
    assert stage.dead_letter(refused).text("x-relay-error-status") == "429"
    assert stage.simulator.journal()["requests"] == 3
    assert stage.reply(stage.ask(model="free")).text("x-relay-status") == "200"
    (route,) = [entry for entry in relay.get("/routes").json()["deployments"] if entry["model_group"] == "claude"]
    assert (route["usage"]["requests_this_minute"], route["limits"]["rpm"], route["limits"]["tpm"]) == (3, 3, 100_000)


def test_a_full_deployment_is_passed_over_and_a_full_group_rejects(stage, start_relay):
    config = stage.config(
        [
            deployment("claude", HAIKU, max_parallel_requests=1),
            deployment("claude", SONNET, max_parallel_requests=1),
        ],
        relay={"on_capacity_exhausted": "reject"},
        router_settings={"num_retries": 0},
    )
    start_relay(config, stage.environment).wait_until_ready()
    stage.simulator.script(**{"anthropic.*": {"latency": "1500ms"}})

    requests = stage.submit_all([(None, chat(), [])] * 3)

    answers = [stage.reply(request) for request in requests]
    assert [answer.text("x-relay-status") for answer in answers] == ["200", "200", "429"]
    assert {answer.text("x-relay-model") for answer in answers[:2]} == {HAIKU, SONNET}


def test_requests_over_the_limit_wait_for_a_slot(stage, start_relay):
    config = stage.config([deployment("claude", max_parallel_requests=1)], router_settings={"num_retries": 0})
    relay = start_relay(config, stage.environment).wait_until_ready()
    stage.simulator.script(**{"anthropic.*": {"latency": "5s"}})

    requests = [stage.ask(f"[id:{number}]") for number in range(4)]

    wait_until(lambda: relay.get("/routes").json()["held_requests"] == 3, "three requests held")
    assert relay.metric("requests_waiting") == 3
    stage.simulator.script(**{"anthropic.*": {"latency": "400ms"}})  # the first keeps its five seconds
    events = [stage.event(request) for request in requests]
    assert [event["status"] for event in events] == [200] * 4
    assert [event["latency_ms"]["wait"] > 300 for event in events] == [False, True, True, True]
    times = [entry["time_ms"] for entry in stage.simulator.entries()]
    assert [entry["id"] for entry in stage.simulator.entries()] == ["0", "1", "2", "3"]  # in turn
    assert all(later - earlier >= 390 for earlier, later in zip(times, times[1:], strict=False))
    assert relay.metric("requests_waiting") == 0
