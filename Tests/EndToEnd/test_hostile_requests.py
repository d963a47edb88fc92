"""Records that nobody sends by mistake: each has its one answer, the process lives, and the partition goes on."""

import json
import struct

import pytest

from stage import HAIKU, Stage, chat, deployment

CHAT = json.dumps(chat()).encode()
BODY = CHAT.decode()[1:-1]


def asking(text):
    """A body with `text` as JSON writes it."""
    return CHAT.decode().replace("ping", text)


def links(count):
    """A schema whose definitions refer to each other in one long chain."""
    definitions = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(count)}
    parameters = {"$ref": "#/$defs/d0", "$defs": definitions | {f"d{count}": {}}}
    return {"tools": [{"type": "function", "function": {"name": "f", "parameters": parameters}}]}


# name: the value, the status, and what the message of an error says
VALUES = {
    "a key given twice, of which the last counts": (f'{{"model": "gpt-9", {BODY}}}', 200, None),
    "half a surrogate pair": (asking("\\ud800"), 200, None),
    "an escaped NUL": (asking("\\u0000"), 200, None),
    "a naked NUL": (asking("\0"), 400, "JSON"),
    "a byte order mark": ("\ufeff" + CHAT.decode(), 400, "JSON"),
    "UTF-16": (CHAT.decode().encode("utf-16"), 400, "JSON"),
    "two values": (CHAT * 2, 400, "JSON"),
    "a number beyond all numbers": (f'{{{BODY}, "temperature": 1e400}}', 400, "temperature"),
    "an integer beyond all integers": (f'{{{BODY}, "max_tokens": 1e400}}', 400, "max_tokens"),
    "an integer of 100,000 digits": (f'{{{BODY}, "max_tokens": {"9" * 100_000}}}', 400, "max_tokens"),
    "the greatest integer": (f'{{{BODY}, "max_tokens": {2**63 - 1}}}', 429, "claude"),
    "an exponent beyond all exponents": (f'{{{BODY}, "n": 1e-9223372036854775808}}', 400, "'n'"),
    "a timeout beyond all times": (f'{{{BODY}, "timeout": 1e300}}', 200, None),
    "retries without end": (f'{{{BODY}, "num_retries": {2**62}}}', 400, "num_retries"),
    "fallbacks without end": (json.dumps(chat(fallbacks=["a"] * 150_000)), 400, "at most 256"),
    "tags without end": (json.dumps(chat(metadata={"tags": ["!a"] * 150_000})), 400, "at most 256"),
    "a model of 900 KB": (json.dumps(chat(model="m" * 900_000)), 400, "at most 4096 bytes"),
    "a model of control characters": (json.dumps(chat(model="\0\n\r\x1b[2J")), 400, "model"),
    "a strategy of 900 KB": (json.dumps(chat(routing_strategy="s" * 900_000)), 400, "routing_strategy"),
    "50,000 parameters that nobody knows": (
        json.dumps(chat(**{f"p{number}": 0 for number in range(50_000)})),
        400,
        "more than 128 parameters",
    ),
    "a parameter that would choose the endpoint": (json.dumps(chat(api_base="http://evil")), 400, "api_base"),
    "definitions without end": (json.dumps(chat(**links(15_000))), 400, "nests too deep"),
    "an array in an array, and so on": (f'{{{BODY}, "x": {"[" * 1000}{"]" * 1000}}}', 400, "nested"),
    "20,000 messages": (
        json.dumps({"model": "claude", "messages": [{"role": "user", "content": "x"}] * 20_000}),
        200,
        None,
    ),
}

# name: headers, the status, and what the message of an error says
HEADERS = {
    "10,000 headers": ([(f"x-{number}", b"v") for number in range(10_000)], 200, None),
    "a header of 400 KB": ([("x-own", b"h" * 400_000)], 200, None),
    "a header without a name": ([("", b"v")], 200, None),
    "headers without a value": (
        [(name, None) for name in ("x-own", "correlation-id", "reply-topic", "deadline", "traceparent")],
        200,
        None,
    ),
    "a correlation id of 300 KB": ([("correlation-id", b"\0" * 300_000)], 200, None),
    "no reply topic at all": ([("reply-topic", b"")], 403, "not allowed"),
    "a reply topic with a NUL": ([("reply-topic", b"chat\0replies")], 403, "not allowed"),
    "a reply topic of 300 KB": ([("reply-topic", b"t" * 300_000)], 403, "not allowed"),
    "the greatest partition": ([("kafka_replyPartition", struct.pack(">i", 2**31 - 1))], 400, "2147483647"),
    "a partition with a sign": ([("reply-partition", b"+0")], 200, None),
    "the last moment of all": ([("deadline", str(2**63 - 1).encode())], 200, None),
    "a moment before all": ([("deadline", str(-(2**63)).encode())], 504, "deadline"),
    "a moment beyond all": ([("deadline", b"9" * 30)], 400, "deadline"),
    "a trace that is none": ([("traceparent", b"\xff" * 55), ("tracestate", b"\0")], 200, None),
}


@pytest.fixture(scope="module")
def stage(noida, shared_simulator, start_shared_relay):
    """A deployment with everything on that counts what a request says: limits, reservations, tags, checks."""
    model = deployment("claude", tpm=50_000_000, model_info={"reserve_output_tokens": True, "max_input_tokens": 10**9})
    settings = {
        "routing_strategy": "usage-based-routing-v2",
        "enable_tag_filtering": True,
        "enable_pre_call_checks": True,
    }
    with Stage(noida, shared_simulator) as stage:
        relay = start_shared_relay(stage.config([model], router_settings=settings), stage.environment)
        relay.wait_until_ready()
        yield stage


def assert_answered(stage, request, status, message):
    reply = stage.reply(request)
    assert reply.text("x-relay-status") == str(status)
    if message:
        assert message in reply.json()["error"]["message"]
        assert len(reply.value) < 20_000
    else:
        assert reply.json()["choices"]
    event = stage.event(request)
    assert event["status"] == status
    assert stage.reply(stage.ask()).text("x-relay-status") == "200"
    return reply


@pytest.mark.parametrize("case", VALUES)
def test_a_value_of_malice_is_answered(stage, case):
    value, status, message = VALUES[case]

    request = stage.submit(value.encode() if isinstance(value, str) else value)

    assert_answered(stage, request, status, message)


@pytest.mark.parametrize("case", HEADERS)
def test_headers_of_malice_are_answered(stage, case):
    headers, status, message = HEADERS[case]

    request = stage.submit(CHAT, headers=headers)

    assert_answered(stage, request, status, message)


@pytest.mark.parametrize("timestamp, status", [(1, 504), (2**62, 200), (2**63 - 1, 200)])
def test_a_record_of_another_time_is_answered(stage, timestamp, status):
    request = stage.writer.write(stage.request_topic, CHAT, timestamp=timestamp)

    assert_answered(stage, request, status, "deadline" if status == 504 else None)


@pytest.mark.parametrize("timestamp", [1, 2**42, 2**62])
def test_times_add_up_whatever_a_producers_clock_says(stage, timestamp):
    request = stage.writer.write(stage.request_topic, CHAT, timestamp=timestamp)

    latency = stage.event(request)["latency_ms"]

    parts = latency["queue"] + latency["wait"] + latency["upstream"] + latency["overhead"]
    assert parts == pytest.approx(latency["total"], abs=0.01)
    assert all(value >= 0 for value in latency.values())


def test_a_request_whose_key_no_reply_can_hold_is_answered_without_it(tansu, shared_simulator, start_relay):
    """The relay's producer is held to less than the request topic takes."""
    with Stage(tansu, shared_simulator, topic_config={"max.message.bytes": "8000000"}) as stage:
        config = stage.config([deployment("claude", HAIKU)], kafka={"message.max.bytes": 1_000_000})
        relay = start_relay(config, stage.environment).wait_until_ready()
        request = stage.submit(CHAT, key=b"k" * 2_000_000, headers=[("correlation-id", b"c" * 1_500_000)])

        reply = assert_answered(stage, request, 413, "larger")

        assert reply.key == reply.header("correlation-id") == request.source.replace("/", "-").encode()
        assert relay.is_running
