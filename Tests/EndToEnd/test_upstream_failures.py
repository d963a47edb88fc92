"""Bedrock fails in every way it can; requests are retried, fall back or get an error reply, and what was tried is told."""

import time

import pytest

from stage import HAIKU, SONNET, Stage, deployment
from waiting import wait_until


@pytest.fixture(scope="module")
def relay_and_stage(noida, shared_simulator, start_shared_relay):
    """Groups of one deployment each but for `pair`, where a retry does not wait; one retry, and a fallback."""
    with Stage(noida, shared_simulator, partitions=2) as stage:
        config = stage.config(
            model_list=[
                deployment("claude", HAIKU),
                deployment("pair", HAIKU),
                deployment("pair", HAIKU, aws_region_name="us-west-2"),
                deployment("slow", "anthropic.slow-v1:0", timeout=0.4),
                deployment("broken", "anthropic.broken-v1:0"),
                deployment("fragile", "anthropic.fragile-v1:0", num_retries=0, cooldown_time=600),
                deployment("spare", SONNET),
            ],
            router_settings={
                "num_retries": 1,
                "fallbacks": [{"broken": ["spare"]}],
                "allowed_fails": 100,
                "allowed_fails_policy": {"RateLimitErrorAllowedFails": 100, "NotFoundErrorAllowedFails": 0},
            },
        )
        relay = start_shared_relay(config, stage.environment).wait_until_ready()
        yield relay, stage


@pytest.fixture
def stage(relay_and_stage):
    _, stage = relay_and_stage
    stage.start_over()
    return stage


def statuses(event):
    return [attempt["status"] for attempt in event["attempts"]]


def outcomes(stage):
    return [entry["outcome"] for entry in stage.simulator.entries()]


def test_a_throttled_request_is_retried(stage):
    stage.simulator.script(**{HAIKU: {"steps": "429,200"}})

    request = stage.ask()

    reply, event = stage.reply(request), stage.event(request)
    assert (reply.text("x-relay-status"), reply.text("x-relay-attempted-retries")) == ("200", "1")
    assert (event["outcome"], event["retries"], statuses(event)) == ("success", 1, [429, 200])
    assert event["attempts"][0]["error_type"]
    assert outcomes(stage) == ["429", "200"]
    assert event["attempts"][1]["started_ms"] - event["attempts"][0]["started_ms"] >= 500  # the first back-off


@pytest.mark.parametrize("status, error_type", [(500, "server_error"), (503, "server_error"), (429, "rate_limit_error")])
def test_when_retries_are_used_up_the_last_error_is_the_reply(stage, status, error_type):
    stage.simulator.script(**{HAIKU: {"steps": str(status), "message": "so it goes"}})

    request = stage.ask(model="pair")

    reply, event, letter = stage.reply(request), stage.event(request), stage.dead_letter(request)
    assert (reply.text("x-relay-status"), reply.text("x-relay-attempted-retries")) == (str(status), "1")
    assert reply.json()["error"]["type"] == error_type
    assert "x-relay-model" not in reply.names
    assert (event["outcome"], event["status"], event["retries"]) == ("error", status, 1)
    assert (statuses(event), event["deployment"]) == ([status, status], None)
    assert letter.text("x-relay-error-status") == str(status)
    assert len(outcomes(stage)) == 2


def test_a_request_sets_its_own_number_of_retries(stage):
    stage.simulator.script(**{HAIKU: {"steps": "500"}})

    request = stage.ask(num_retries=0)

    assert stage.reply(request).text("x-relay-attempted-retries") == "0"
    assert outcomes(stage) == ["500"]


def test_a_bad_request_is_not_retried(stage):
    stage.simulator.script(**{HAIKU: {"steps": "400", "message": "Malformed input request"}})

    request = stage.ask()

    reply = stage.reply(request)
    assert (reply.text("x-relay-status"), reply.json()["error"]["type"]) == ("400", "invalid_request_error")
    assert outcomes(stage) == ["400"]


@pytest.mark.parametrize("how", ["deployment", "request"])
def test_a_call_that_hangs_is_given_up(stage, how):
    model = {"deployment": "slow", "request": "claude"}[how]
    stage.simulator.script(**{"anthropic.slow*": {"steps": "hang"}, HAIKU: {"steps": "hang"}})

    request = stage.ask(model=model, num_retries=0, **({"timeout": 0.4} if how == "request" else {}))

    reply, event = stage.reply(request), stage.event(request)
    assert (reply.text("x-relay-status"), reply.json()["error"]["type"]) == ("408", "timeout_error")
    (attempt,) = event["attempts"]
    assert attempt["status"] == 408
    assert attempt["latency_ms"] >= 400
    wait_until(lambda: stage.simulator.journal()["abandoned"] == 1, "the call given up")


@pytest.mark.parametrize(
    "step, status",
    [
        ("reset", "503"),
        ("reset-mid-body", "503"),
        ("malformed", "502"),
        ("truncated", "502"),
        ("empty", "502"),
        ("html/502", "502"),
    ],
)
def test_a_damaged_answer_is_retried_and_then_an_error(stage, step, status):
    stage.simulator.script(**{HAIKU: {"steps": f"{step},200,{step}"}})

    saved = stage.ask(model="pair")
    assert stage.event(saved)["retries"] == 1
    assert stage.reply(saved).text("x-relay-status") == "200"
    lost = stage.ask(model="pair")

    reply, event = stage.reply(lost), stage.event(lost)
    assert reply.text("x-relay-status") == status
    assert reply.json()["error"]["type"] == "server_error"
    assert statuses(event) == [int(status)] * 2


def test_a_group_that_fails_falls_back(stage):
    stage.simulator.script(**{"anthropic.broken*": {"steps": "500"}})

    request = stage.ask(model="broken")

    reply, event = stage.reply(request), stage.event(request)
    assert (reply.text("x-relay-status"), reply.text("x-relay-model-group")) == ("200", "broken")
    assert (reply.text("x-relay-model"), reply.text("x-relay-attempted-fallbacks")) == (SONNET, "1")
    assert (event["outcome"], event["fallbacks"], statuses(event)) == ("success", 1, [500, 500, 200])
    assert [attempt["model_group"] for attempt in event["attempts"]] == ["broken", "broken", "spare"]


def test_when_the_fallback_fails_too_the_first_groups_error_is_the_reply(stage):
    stage.simulator.script(**{"anthropic.broken*": {"steps": "503"}, SONNET: {"steps": "400"}})

    request = stage.ask(model="broken", num_retries=0)

    reply, event = stage.reply(request), stage.event(request)
    assert (reply.text("x-relay-status"), event["fallbacks"]) == ("503", 1)
    assert statuses(event) == [503, 400]


def test_a_request_brings_its_own_fallbacks(stage):
    stage.simulator.script(**{HAIKU: {"steps": "500"}})

    request = stage.ask(num_retries=0, fallbacks=["spare"])

    assert stage.reply(request).text("x-relay-model") == SONNET


def test_mock_testing_fallbacks_falls_back_without_a_call(stage):
    request = stage.ask(model="broken", mock_testing_fallbacks=True)

    reply = stage.reply(request)
    assert (reply.text("x-relay-model"), reply.text("x-relay-attempted-fallbacks")) == (SONNET, "1")
    assert stage.simulator.journal()["models"] == {SONNET: {"200": 1}}


def test_a_cool_down_shows_in_event_routes_and_metrics(relay, stage):
    stage.simulator.script(**{"anthropic.fragile*": {"steps": "404"}})

    first = stage.ask(model="fragile")
    (attempt,) = stage.event(first)["attempts"]
    assert attempt["cooldown_s"] == 600
    deadline = str(int(time.time() * 1000) + 500).encode()
    held = stage.ask(model="fragile", headers=[("deadline", deadline)])

    assert stage.reply(held).text("x-relay-status") == "504"
    assert stage.event(held)["attempts"] == []
    (routes,) = [entry for entry in relay.get("/routes").json()["deployments"] if entry["model_group"] == "fragile"]
    assert 0 < routes["cooldown_s"] <= 600
    metrics = relay.get("/metrics").text
    (line,) = [
        line
        for line in metrics.splitlines()
        if line.startswith("bedrock_relay_cooldowns_total{") and 'model_group="fragile"' in line
    ]
    assert line.endswith(" 1")
    assert outcomes(stage) == ["404"]


def test_replies_to_a_wrong_signature_are_authentication_errors(stage):
    stage.simulator.script(**{HAIKU: {"steps": "403/UnrecognizedClientException"}})

    request = stage.ask()

    reply = stage.reply(request)
    assert reply.json()["error"]["type"] == "authentication_error"
    assert reply.text("x-relay-status") in {"401", "403"}
