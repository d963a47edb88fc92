"""Streamed answers: chunks as they come, their end, and everything that can go wrong between."""

import json
import os
import signal
import threading
import time

import pytest

from brokers import Noida
from stage import HAIKU, OK, SONNET, Stage, deployment
from streaming import content, resident_kilobytes, stream

WORDS = "one two three four five six seven eight nine ten"


@pytest.fixture(scope="module")
def relay_and_stage(noida, shared_simulator, start_shared_relay):
    with Stage(noida, shared_simulator, partitions=3) as stage:
        config = stage.config(
            model_list=[
                deployment("claude", HAIKU),
                deployment("broken", "anthropic.broken-v1:0"),
                deployment("spare", SONNET),
                deployment("slow", "anthropic.slow-v1:0", stream_timeout=1),
            ],
            relay={"stream_flush": 0},
            router_settings={"num_retries": 1, "fallbacks": [{"broken": ["spare"]}], "allowed_fails": 1000},
        )
        relay = start_shared_relay(config, stage.environment).wait_until_ready()
        yield relay, stage


@pytest.fixture
def stage(relay_and_stage):
    _, stage = relay_and_stage
    stage.start_over(text=WORDS)
    return stage


def ask(stage, **extras):
    return stage.ask(stream=True, **extras)


def test_every_event_becomes_a_chunk_and_done_ends_them(stage, relay):
    before = relay.metric("time_to_first_token_seconds_count", model_group="claude")
    request = ask(stage, key=b"somebody", headers=[("correlation-id", b"c-7")])

    records = stream(stage, request)

    assert content(records) == [WORDS.split()[0]] + [" " + word for word in WORDS.split()[1:]]
    assert records[-1].value == b"[DONE]"
    chunks = [record.json() for record in records[:-1]]
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}) == 1
    assert (chunks[0]["object"], chunks[0]["model"]) == ("chat.completion.chunk", HAIKU)
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert all("usage" not in chunk for chunk in chunks)
    for record in records:
        assert record.key == b"somebody"
        assert record.text("correlation-id") == "c-7"
        assert record.text("x-relay-status") == "200"
        assert record.text("content-type") == "application/json"
        assert (record.text("x-relay-model-group"), record.text("x-relay-model")) == ("claude", HAIKU)
    event = stage.event(request)
    assert (event["outcome"], event["stream"]) == ("success", True)
    attempt = event["attempts"][0]
    assert 0 < attempt["time_to_first_token_ms"] <= attempt["latency_ms"]
    assert event["usage"]["completion_tokens"] > 0
    assert float(records[-1].text("x-relay-response-cost")) == pytest.approx(event["cost_usd"])
    assert relay.metric("time_to_first_token_seconds_count", model_group="claude") == before + 1


def test_usage_is_told_where_it_is_asked_for(stage):
    stage.simulator.script(**{HAIKU: OK | {"input-tokens": "12", "output-tokens": "40"}})

    records = stream(stage, ask(stage, stream_options={"include_usage": True}))

    last = records[-2].json()
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 12, "completion_tokens": 40, "total_tokens": 52}
    assert all(record.json()["usage"] is None for record in records[:-2])


def test_reasoning_and_tool_calls_are_streamed(stage):
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    script = {"text": "Let me see.", "reasoning": "hm hm", "tool": 'get_weather:{"city": "Paris", "days": 2}'}
    stage.simulator.script(**{HAIKU: OK | script})

    deltas = [
        record.json()["choices"][0]["delta"] for record in stream(stage, ask(stage, tools=[tool]))[:-1]
    ]

    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "hm hm"
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert (calls[0]["index"], calls[0]["function"]["name"], calls[0]["type"]) == (0, "get_weather", "function")
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert json.loads(arguments) == {"city": "Paris", "days": 2}


def test_a_schema_is_kept_to_in_a_stream_as_well(stage):
    stage.simulator.script(**{HAIKU: OK | {"text": "Here:", "tool": 'json_tool_call:{"a": 1}'}})
    schema = {"name": "s", "schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}

    records = stream(stage, ask(stage, response_format={"type": "json_schema", "json_schema": schema}))

    assert json.loads("".join(content(records))) == {"a": 1}
    assert records[-2].json()["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("step", ["exception/throttlingException@0", "429", "cut@0", "reset"])
def test_a_failure_before_the_first_chunk_is_retried(stage, step):
    stage.simulator.script(**{HAIKU: OK | {"steps": f"{step},200", "text": WORDS}})

    request = ask(stage)

    records = stream(stage, request)
    assert "".join(content(records)) == WORDS
    assert records[0].text("x-relay-attempted-retries") == "1"
    assert stage.event(request)["retries"] == 1


def test_or_falls_back(stage):
    stage.simulator.script(**{"anthropic.broken-v1:0": {"steps": "exception/serviceUnavailableException@0"}})

    records = stream(stage, ask(stage, model="broken"))

    assert "".join(content(records)) == WORDS
    assert (records[0].text("x-relay-model"), records[0].text("x-relay-attempted-fallbacks")) == (SONNET, "1")


@pytest.mark.parametrize(
    "step, status",
    [
        ("exception/throttlingException@3", 429),
        ("exception/validationException@3", 400),
        ("exception/modelStreamErrorException@3", 502),
        ("exception/internalServerException@3", 500),
        ("exception/serviceUnavailableException@3", 503),
        ("exception/someNewException@3", 500),
        ("cut@3", 502),
        ("tear@3", 502),
        ("reset-mid-body", 503),
    ],
)
def test_a_failure_after_it_ends_the_stream_with_an_error(stage, step, status):
    # The pieces are 50 ms apart, so that some are published before it.
    stage.simulator.script(**{"anthropic.broken-v1:0": {"steps": step, "text": WORDS, "stream-delay": "50ms"}})

    request = ask(stage, model="broken")

    records = stream(stage, request)
    assert content(records)
    assert all(record.text("x-relay-status") == "200" for record in records[:-1])
    assert records[-1].text("x-relay-status") == str(status)
    assert set(records[-1].json()["error"]) == {"message", "type", "param", "code"}
    assert stage.dead_letter(request).text("x-relay-error-status") == str(status)
    event = stage.event(request)
    assert (event["outcome"], event["status"], event["stream"], event["fallbacks"]) == ("error", status, True, 0)
    assert stage.simulator.journal()["requests"] == 1  # nobody else was asked


def test_chunks_are_there_while_the_model_still_speaks_and_silence_ends_them(stage):
    stage.simulator.script(**{"anthropic.slow-v1:0": {"steps": "stall@2", "text": WORDS}})

    request = ask(stage, model="slow")

    def is_chunk(record):
        return ("x-relay-source", request.source.encode()) in record.headers

    first = stage.reader(stage.reply_topic).wait_for(is_chunk, "the chunks before the silence", count=2)
    assert all("x-relay-stream-end" not in record.names for record in first)
    assert stream(stage, request)[-1].text("x-relay-status") == "408"  # stream_timeout


def test_a_deadline_ends_a_stream(stage):
    stage.simulator.script(**{HAIKU: {"steps": "200", "text": WORDS, "stream-tokens": "1000", "stream-delay": "20ms"}})

    deadline = str(int(time.time() * 1000) + 5000).encode()
    request = ask(stage, headers=[("deadline", deadline)])

    records = stream(stage, request)
    assert content(records)
    assert (records[-1].text("x-relay-status"), records[-1].json()["error"]["code"]) == ("504", "deadline_exceeded")


def test_a_request_that_fails_at_once_has_one_last_record(stage):
    stage.simulator.script(**{HAIKU: {"steps": "400"}})

    (record,) = stream(stage, ask(stage))

    assert record.text("x-relay-status") == "400"


def test_the_position_is_committed_after_the_end(stage):
    request = ask(stage, partition=0)
    stream(stage, request)

    deadline = time.monotonic() + 10
    while stage.committed()[0][0] <= request.offset and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stage.committed()[0][0] == request.offset + 1


def test_kcat_reads_a_stream(noida, shared_simulator, start_relay, kcat):
    shared_simulator.script(**{HAIKU: OK | {"text": WORDS}})
    with Stage(noida, shared_simulator) as stage:
        start_relay(stage.config(relay={"stream_flush": 0}), stage.environment).wait_until_ready()
        ask(stage, key=b"k")

        records = kcat(noida.address).consume(stage.reply_topic, 12)

    assert records[-1]["payload"] == "[DONE]"
    chunks = [json.loads(record["payload"]) for record in records[:-1]]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == WORDS
    headers = [dict(zip(record["headers"][::2], record["headers"][1::2])) for record in records]
    assert [header["x-relay-stream-index"] for header in headers] == [str(number) for number in range(12)]


@pytest.fixture
def grouping(noida, simulator, start_relay):
    """A relay as it comes, which groups small chunks."""
    with Stage(noida, simulator) as stage:
        relay = start_relay(stage.config(), stage.environment).wait_until_ready()
        yield relay, stage


def test_small_chunks_are_grouped(grouping):
    _, stage = grouping
    stage.simulator.script(**{HAIKU: OK | {"text": "word_", "stream-tokens": "300", "stream-delay": "2ms"}})

    records = stream(stage, ask(stage))

    assert "".join(content(records)) == "word_" * 300
    assert len(records) < 150


def test_memory_stays_flat_through_a_long_stream(grouping):
    relay, stage = grouping
    text = "word_"
    stage.simulator.script(**{HAIKU: OK | {"text": text, "stream-tokens": "2000"}})
    stream(stage, ask(stage))
    before = resident_kilobytes(relay)
    stage.simulator.script(**{HAIKU: OK | {"text": text, "stream-tokens": "100000"}})
    peak = before
    request = ask(stage)
    ended = threading.Event()

    def watch():
        nonlocal peak
        while not ended.wait(0.05):
            peak = max(peak, resident_kilobytes(relay))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        records = stream(stage, request, timeout=120)
    finally:
        ended.set()
        watcher.join()

    assert "".join(content(records)) == "word_" * 100000
    assert peak - before < 40_000, f"{before} kB, then {peak} kB"


def test_a_broker_that_stops_for_a_while_holds_the_stream_up(own_noida, simulator, start_relay):
    broker = own_noida()
    with Stage(broker, simulator) as stage:
        relay = start_relay(stage.config(), stage.environment).wait_until_ready()
        text = "word_"
        simulator.script(**{HAIKU: OK | {"text": text, "stream-tokens": "100000"}})
        request = ask(stage)
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
        assert "".join(content(records)) == "word_" * 100000
        assert simulator.journal()["requests"] == 1


def test_a_stream_under_way_is_told_to_its_end_before_a_stop(grouping):
    relay, stage = grouping
    stage.simulator.script(**{HAIKU: OK | {"text": WORDS, "stream-delay": "100ms"}})
    request = ask(stage)
    stage.reader(stage.reply_topic).wait_for(lambda record: "x-relay-stream-index" in record.names, "a chunk")

    assert relay.terminate() == 0

    records = stream(stage, request)
    assert ("".join(content(records)), records[-1].value) == (WORDS, b"[DONE]")
    assert stage.committed()[0][0] == request.offset + 1


def test_after_a_crash_the_request_is_answered_by_a_stream_of_its_own(own_noida, simulator, start_relay):
    broker = own_noida()
    with Stage(broker, simulator) as stage:
        script = OK | {"text": WORDS, "stream-tokens": "1000", "stream-delay": "100ms"}
        simulator.script(**{HAIKU: script})
        relay = start_relay(stage.config(), stage.environment).wait_until_ready()
        request = ask(stage)
        stage.reader(stage.reply_topic).wait_for(lambda record: "x-relay-stream-index" in record.names, "a chunk")
        relay.kill()

        simulator.script(**{HAIKU: OK | {"text": WORDS}})
        other = stage.config(kafka={"group.id": f"{stage.group}-2"})  # noida keeps killed members for ever
        start_relay(other, stage.environment, name="second").wait_until_ready()

        reader = stage.reader(stage.reply_topic)
        reader.wait_for(lambda record: "x-relay-stream-end" in record.names, "the end")
        records = [record for record in reader.records if record.text("x-relay-source") == request.source]
        starts = [n for n, record in enumerate(records) if record.text("x-relay-stream-index") == "0"]
        assert len(starts) == 2
        assert len({record.json()["id"] for record in records[:-1]}) == 2
        assert "".join(content(records[starts[1] :])) == WORDS
