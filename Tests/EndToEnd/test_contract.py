"""What goes in and what comes out, as users were promised: the shipped configuration on both brokers, header by header."""

import contextlib
import json
import re
import struct
import types
import uuid

import pytest

from conftest import ROOT
from stage import GROUP_SETTINGS, HAIKU, SONNET, Stage, chat, deployment

TRACE = [
    ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", b"congo=t61rcWkgMzE"),
]
COST_OF_1000_AND_200_TOKENS = {HAIKU: 0.0005, SONNET: 0.006}

# Each shipped route, the group to ask for, and what may answer.
ROUTES = {
    "load-balancing": ("claude-3", {HAIKU, SONNET}),
    "fallbacks": ("claude-3-sonnet", {HAIKU}),
    "rate-limit-aware": ("claude-3-sonnet", {SONNET}),
    "latency-based": ("claude-3", {HAIKU, SONNET}),
}


def sample_body(model, **extras):
    system = {"role": "system", "content": "You answer in one sentence."}
    user = {"role": "user", "content": "What is the capital of France?"}
    return {"model": model, "messages": [system, user], "max_tokens": 256, "temperature": 0.5, **extras}


@pytest.fixture(scope="module", params=["noida", "tansu"])
def stages(request, start_shared_relay, shared_simulator):
    """For each shipped route a stage, on which `bedrock-relay run --config relay.yaml --config ROUTE.yaml` is ready."""
    broker = request.getfixturevalue(request.param)
    shared_simulator.script(**{"anthropic.*": {"input-tokens": 1000, "output-tokens": 200, "text": "Paris."}})
    with contextlib.ExitStack() as stack:
        stages = {}
        relays = []
        for route in ROUTES:
            stages[route] = stage = stack.enter_context(Stage(broker, shared_simulator, partitions=3))
            settings = {
                "KAFKA_BOOTSTRAP_SERVERS": broker.address,
                "RELAY_GROUP_ID": stage.group,
                "RELAY_REQUEST_TOPIC": stage.request_topic,
                "RELAY_REPLY_TOPIC": stage.reply_topic,
                "RELAY_METRICS_TOPIC": stage.event_topic,
                "RELAY_DEAD_LETTER_TOPIC": stage.dead_letter_topic,
            }
            relays.append(
                start_shared_relay(
                    {"kafka": GROUP_SETTINGS},
                    {**stage.environment, **settings},
                    f"{request.param}-{route}",
                    [ROOT / "config" / "relay.yaml", ROOT / "config" / "route" / f"{route}.yaml"],
                )
            )
        for relay in relays:
            relay.wait_until_ready()
        yield stages


@pytest.fixture
def stage(stages):
    """Where it does not matter which route answers."""
    return stages["load-balancing"]


@pytest.fixture
def own_reply_topic(stage):
    """A topic of two partitions that the shipped configuration lets requests name."""
    topic = f"chat.replies.{uuid.uuid4().hex[:12]}"
    stage.broker.create_topic(topic, 2)
    return topic


@pytest.mark.parametrize("route", ROUTES)
def test_a_shipped_route_answers_the_sample_body(stages, route):
    group, models = ROUTES[route]
    request = stages[route].submit(sample_body(group), key="k")

    reply = stages[route].reply(request)
    event = stages[route].event(request)

    assert reply.text("x-relay-status") == "200"
    assert reply.text("x-relay-model-group") == group
    assert reply.text("x-relay-model") in models
    assert reply.json()["choices"][0]["message"]["content"] == "Paris."
    assert (event["outcome"], event["model_group"], event["deployment"]["model"]) == (
        "success",
        group,
        reply.text("x-relay-model"),
    )


def test_the_fallback_route_says_that_it_fell_back(stages):
    stage = stages["fallbacks"]
    request = stage.submit(sample_body("claude-3-sonnet", mock_testing_fallbacks=True))

    reply = stage.reply(request)
    event = stage.event(request)

    assert reply.text("x-relay-model-group") == "claude-3-sonnet"
    assert reply.text("x-relay-model") == HAIKU
    assert reply.text("x-relay-attempted-fallbacks") == "1"
    assert (event["model_group"], event["fallbacks"]) == ("claude-3-sonnet", 1)
    assert (event["attempts"][-1]["model_group"], event["attempts"][-1]["status"]) == ("claude-3-haiku", 200)


def test_the_shipped_strategies_are_named_in_events(stages):
    strategies = {}
    for route, (group, _) in ROUTES.items():
        request = stages[route].submit(sample_body(group))
        strategies[route] = stages[route].event(request)["strategy"]

    assert strategies == {
        "load-balancing": "simple-shuffle",
        "fallbacks": "simple-shuffle",
        "rate-limit-aware": "usage-based-routing-v2",
        "latency-based": "latency-based-routing",
    }


def test_a_reply_has_the_headers_of_the_contract_and_no_others(stage):
    request = stage.submit(sample_body("claude-3"), "conversation-7", [("correlation-id", b"c-7"), *TRACE])

    reply = stage.reply(request)

    model = reply.text("x-relay-model")
    expected = {
        "correlation-id": b"c-7",
        **dict(TRACE),
        "content-type": b"application/json",
        "x-relay-status": b"200",
        "x-relay-model-group": b"claude-3",
        "x-relay-model": model.encode(),
        "x-relay-deployment-id": reply.header("x-relay-deployment-id"),
        "x-relay-attempted-retries": b"0",
        "x-relay-attempted-fallbacks": b"0",
        "x-relay-response-cost": reply.header("x-relay-response-cost"),
        "x-relay-source": request.source.encode(),
    }
    assert dict(reply.headers) == expected
    assert len(reply.headers) == len(expected)
    assert reply.key == b"conversation-7"
    assert re.fullmatch(r"[0-9.]+", reply.text("x-relay-response-cost"))
    assert float(reply.text("x-relay-response-cost")) == pytest.approx(COST_OF_1000_AND_200_TOKENS[model])


def test_a_replys_value_is_a_chat_completion(stage):
    reply = stage.reply(stage.submit(sample_body("claude-3"))).json()

    assert reply.pop("id").startswith("chatcmpl-")
    assert isinstance(reply.pop("created"), int)
    assert reply.pop("model") in {HAIKU, SONNET}
    assert reply == {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
    }


NUMBER = int | float
EVENT = {
    "schema": str,
    "time": str,
    "instance": str,
    "correlation_id": str,
    "source": {"topic": str, "partition": int, "offset": int},
    "model_group": str,
    "strategy": str,
    "outcome": str,
    "status": int,
    "stream": bool,
    "deployment": {"id": str, "model": str, "region": str},
    "attempts": [
        {
            "model_group": str,
            "deployment_id": str,
            "model": str,
            "region": str,
            "status": int,
            "error_type": None,
            "started_ms": NUMBER,
            "latency_ms": NUMBER,
            "time_to_first_token_ms": None,
            "cooldown_s": None,
        }
    ],
    "retries": int,
    "fallbacks": int,
    "usage": dict.fromkeys(
        ["prompt_tokens", "completion_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens"], int
    ),
    "cost_usd": NUMBER,
    "latency_ms": dict.fromkeys(["queue", "wait", "upstream", "overhead", "total"], NUMBER),
}


def assert_shape(value, shape, path="event"):
    """`value` has all that `shape` has, with the right types; more is allowed."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), path
        for key, inner in shape.items():
            assert key in value, f"{path}.{key} is missing"
            assert_shape(value[key], inner, f"{path}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), path
        for index, item in enumerate(value):
            assert_shape(item, shape[0], f"{path}[{index}]")
    elif shape is None:
        assert value is None, path
    else:
        is_right = isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
        name = shape if isinstance(shape, types.UnionType) else shape.__name__
        assert is_right, f"{path} is {value!r}, expected {name}"


def test_a_routing_event_has_every_field_of_the_contract(stage):
    request = stage.submit(sample_body("claude-3"), "k", [("correlation-id", b"c-8")])
    reply = stage.reply(request)

    record = stage.event_record(request)

    event = record.json()
    assert_shape(event, EVENT)
    assert record.key == b"claude-3"
    assert event["schema"] == "bedrock-relay.routing.v1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert event["correlation_id"] == "c-8"
    assert event["source"] == {"topic": request.topic, "partition": request.partition, "offset": request.offset}
    assert (event["model_group"], event["strategy"], event["outcome"]) == ("claude-3", "simple-shuffle", "success")
    assert (event["status"], event["stream"], event["retries"], event["fallbacks"]) == (200, False, 0, 0)
    model, deployment_id = reply.text("x-relay-model"), reply.text("x-relay-deployment-id")
    assert event["deployment"] == {"id": deployment_id, "model": model, "region": "us-east-1"}
    (attempt,) = event["attempts"]
    assert (attempt["deployment_id"], attempt["model"], attempt["status"]) == (deployment_id, model, 200)
    assert event["usage"] == {
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "total_tokens": 1200,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
    }
    assert event["cost_usd"] == pytest.approx(COST_OF_1000_AND_200_TOKENS[model])
    latency = event["latency_ms"]
    assert all(value >= 0 for value in latency.values())
    parts = latency["queue"] + latency["wait"] + latency["upstream"] + latency["overhead"]
    assert parts == pytest.approx(latency["total"], abs=0.01)


def test_a_routing_event_continues_the_trace(stage):
    request = stage.submit(sample_body("claude-3"), headers=TRACE)

    record = stage.event_record(request)

    assert record.text("traceparent").split("-")[1] == "0af7651916cd43dd8448eb211c80319c"
    assert record.text("tracestate") == "congo=t61rcWkgMzE"


def test_kcat_reads_reply_and_routing_event(stage, kcat):
    client = kcat(stage.broker.address)
    correlation = uuid.uuid4().hex
    client.produce(
        stage.request_topic, json.dumps(sample_body("claude-3")), "k", [("correlation-id", correlation)], partition=2
    )
    stage.reader(stage.event_topic).wait_for(lambda record: correlation in record.value.decode(), "of kcat's request")

    replies = client.consume(stage.reply_topic, len(stage.reader(stage.reply_topic).read_to_end()))
    events = client.consume(stage.event_topic, len(stage.reader(stage.event_topic).read_to_end()))

    (reply,) = [reply for reply in replies if correlation in reply["headers"]]
    headers = dict(zip(reply["headers"][::2], reply["headers"][1::2], strict=True))
    assert (reply["key"], headers["correlation-id"], headers["x-relay-status"]) == ("k", correlation, "200")
    assert json.loads(reply["payload"])["choices"][0]["message"]["content"] == "Paris."
    (event,) = [event for event in events if correlation in event["payload"]]
    assert (event["key"], json.loads(event["payload"])["source"]["partition"]) == ("claude-3", 2)


def test_springs_headers_decide_where_the_reply_goes(stage, own_reply_topic):
    correlation = bytes([0, 255, 128, 13, 10, *range(11)])
    headers = [
        ("kafka_correlationId", correlation),
        ("kafka_replyTopic", own_reply_topic.encode()),
        ("kafka_replyPartition", struct.pack(">i", 1)),
    ]

    reply = stage.reply(stage.submit(sample_body("claude-3"), "k", headers), own_reply_topic)

    assert (reply.partition, reply.header("kafka_correlationId")) == (1, correlation)
    assert "correlation-id" not in reply.names


@pytest.mark.parametrize("partition", [0, 1])
def test_our_own_headers_decide_where_the_reply_goes(stage, own_reply_topic, partition):
    headers = [
        ("correlation-id", "ü-1".encode()),
        ("reply-topic", own_reply_topic.encode()),
        ("reply-partition", str(partition).encode()),
    ]

    reply = stage.reply(stage.submit(sample_body("claude-3"), "k", headers), own_reply_topic)

    assert (reply.partition, reply.text("correlation-id")) == (partition, "ü-1")


def test_faststreams_names_are_read_as_well(stage, own_reply_topic):
    headers = [("correlation_id", b"f-1"), ("reply_to", own_reply_topic.encode())]

    reply = stage.reply(stage.submit(sample_body("claude-3"), "k", headers), own_reply_topic)

    assert reply.text("correlation_id") == "f-1"
    assert "correlation-id" not in reply.names


def test_of_duplicate_headers_the_last_counts(stage, own_reply_topic):
    headers = [
        ("correlation-id", b"first"),
        ("reply-topic", b"forbidden"),
        ("correlation-id", b"last"),
        ("reply-topic", own_reply_topic.encode()),
    ]

    reply = stage.reply(stage.submit(sample_body("claude-3"), "k", headers), own_reply_topic)

    assert reply.text("correlation-id") == "last"


def test_without_a_key_the_correlation_id_is_the_replys_key(stage):
    reply = stage.reply(stage.submit(sample_body("claude-3"), None, [("correlation-id", b"c-9")]))

    assert reply.key == b"c-9"


def test_without_a_correlation_id_the_replys_is_the_requests_place(stage):
    request = stage.submit(sample_body("claude-3"), partition=1)

    reply = stage.reply(request)

    place = f"{request.topic}-1-{request.offset}"
    assert (reply.text("correlation-id"), reply.key) == (place, place.encode())
    assert stage.event(request)["correlation_id"] == place


def test_without_trace_headers_a_reply_has_none(stage):
    reply = stage.reply(stage.submit(chat(model="claude-3")))

    assert not {"traceparent", "tracestate"} & set(reply.names)


def test_an_answer_of_unicode_comes_back_unharmed(stages):
    stage = stages["fallbacks"]
    text = 'Zürich "naïve" 東京 \U0001f9ea \n\t\\ end'
    stage.simulator.script(**{HAIKU: {"text": "@echo"}})
    try:
        reply = stage.reply(stage.ask(text, "claude-3-haiku"))
    finally:
        stage.simulator.script(**{HAIKU: {"text": "Paris.", "input-tokens": 1000, "output-tokens": 200}})

    assert reply.json()["choices"][0]["message"]["content"] == text


def test_a_wildcard_tells_the_model_that_it_stood_for(noida, shared_simulator, start_relay):
    with Stage(noida, shared_simulator) as stage:
        start_relay(stage.config([deployment("bedrock/*", "*")]), stage.environment).wait_until_ready()

        request = stage.ask(model=f"bedrock/{HAIKU}")

        reply = stage.reply(request)
        assert (reply.text("x-relay-status"), reply.text("x-relay-model")) == ("200", HAIKU)
        assert (reply.text("x-relay-model-group"), reply.json()["model"]) == (f"bedrock/{HAIKU}", HAIKU)
        assert float(reply.text("x-relay-response-cost")) > 0
        event = stage.event(request)
        assert event["deployment"]["model"] == event["attempts"][0]["model"] == HAIKU
        assert event["cost_usd"] > 0
