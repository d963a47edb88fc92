"""Our client against llm-katan, a Bedrock that others have written: Converse text and tool use, its failures, its keys."""

import pytest

from llm_katan import LLMKatan
from stage import HAIKU, SONNET, chat, deployment

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def start_katan(tmp_path):
    started = []

    def start(*options):
        started.append(LLMKatan(tmp_path, *options))
        return started[-1]

    yield start
    for katan in started:
        katan.process.stop()


@pytest.fixture
def ask_katan(stage, start_relay):
    """`ask_katan(katan)` starts a relay whose group `claude` is llm-katan's, with the simulator's `spare` to fall back on."""

    def start(katan, **settings):
        config = stage.config(
            [deployment("claude", HAIKU, aws_bedrock_runtime_endpoint=katan.url), deployment("spare", SONNET)],
            router_settings={"num_retries": 0, **settings},
        )
        return start_relay(config, stage.environment).wait_until_ready()

    return start


def test_conversations_and_tools_are_answered(stage, start_katan, ask_katan):
    relay = ask_katan(start_katan())
    talk = stage.ask("say ping")
    tool = stage.submit(chat("weather?", tools=[WEATHER], tool_choice="required"))
    many = [stage.ask(f"number {number}") for number in range(60)]

    reply = stage.reply(talk)
    body = reply.json()
    assert reply.text("x-relay-status") == "200"
    assert "say ping" in body["choices"][0]["message"]["content"]
    assert body["choices"][0]["finish_reason"] == "stop"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0

    choice = stage.reply(tool).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"

    answers = stage.answers(many)
    for number, request in enumerate(many):
        assert f"number {number}" in answers[request.source][0].json()["choices"][0]["message"]["content"]
    assert relay.metric("upstream_responses_total", http_version="1.1") == 62
    assert relay.metric("upstream_errors_total") == 0


@pytest.mark.parametrize(
    "options, status, error_type",
    [
        (("--error-rate", 1.0), 500, "server_error"),
        (("--rate-limit-after", 1), 429, "rate_limit_error"),
        (("--timeout-after", 1), 408, "timeout_error"),  # it says ModelTimeoutException, which is a 408
        (("--validate-keys", "--api-keys", "bedrock=AKIDOTHER"), 401, "authentication_error"),
    ],
)
def test_failures_have_their_status_and_lead_to_the_fallback(
    stage, start_katan, ask_katan, options, status, error_type
):
    ask_katan(start_katan(*options), disable_cooldowns=True)
    stage.reply(stage.ask("the one that may still succeed"))

    failed, saved = stage.ask(), stage.ask(fallbacks=["spare"])

    reply, event = stage.reply(failed), stage.event(saved)
    assert reply.text("x-relay-status") == str(status)
    assert reply.json()["error"]["type"] == error_type
    assert stage.reply(saved).text("x-relay-status") == "200"
    assert (event["fallbacks"], event["attempts"][-1]["model_group"]) == (1, "spare")


def test_more_at_once_than_it_takes_is_an_error_to_retry(stage, start_katan, ask_katan):
    katan = start_katan("--max-inflight", 1, "--latency-ms", 300)
    relay = ask_katan(katan, num_retries=3, disable_cooldowns=True)
    first = stage.ask()
    relay.wait_until(lambda: relay.metric("deployment_requests_in_flight") >= 1, "calling")

    second = stage.ask()

    assert stage.reply(first).text("x-relay-status") == "200"
    assert stage.reply(second).text("x-relay-status") == "200"
