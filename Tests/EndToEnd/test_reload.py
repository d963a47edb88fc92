"""The configuration changes while the relay runs: SIGHUP, changed files, and what is refused."""

import json
import os
import signal

import pytest
import requests

from stage import HAIKU, SONNET, deployment
from waiting import wait_until


def rewrite(relay, config):
    """Replaces the relay's configuration file as an editor does; its admin address stays."""
    config = {**config, "relay": {"admin": "127.0.0.1:0", **config["relay"]}}
    written = relay.config_file.with_suffix(".new")
    written.write_text(json.dumps(config))
    written.replace(relay.config_file)


def reload(relay, config):
    """Rewrites, sends SIGHUP, and waits until the relay says what it made of it: the event's name."""
    before = len(outcomes(relay))
    rewrite(relay, config)
    relay.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(outcomes(relay)) > before, "the reload's outcome")
    return outcomes(relay)[before]["event"]


def outcomes(relay):
    names = (
        "configuration reloaded",
        "configuration unchanged",
        "configuration not reloaded; the old one stays",
    )
    return [event for event in relay.events() if event["event"] in names]


def changes(relay):
    return {event["key"]: event["change"] for event in relay.events("configuration changed")}


def test_a_new_deployment_and_a_new_strategy_serve_the_next_request(stage, start_relay):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()
    first = stage.ask()
    assert stage.reply(first).text("x-relay-model") == HAIKU

    config = stage.config(
        [deployment("claude", SONNET, rpm=10)],
        router_settings={"routing_strategy": "least-busy"},
        relay={"log_level": "debug"},
    )
    assert reload(relay, config) == "configuration reloaded"

    second = stage.ask()
    assert stage.reply(second).text("x-relay-model") == SONNET
    assert stage.event(second)["strategy"] == "least-busy"
    assert relay.get("/routes").json()["strategy"] == "least-busy"
    assert changes(relay) == {
        "model_list[claude].litellm_params.model": f"bedrock/{HAIKU} -> bedrock/{SONNET}",
        "model_list[claude].litellm_params.rpm": "added: 10",
        "router_settings.routing_strategy": "added: least-busy",
        "relay.log_level": "added: debug",
    }
    assert relay.metric("config_last_reload_successful") == 1


def test_a_request_in_flight_is_answered_by_whom_it_was_sent_to(stage, start_relay):
    stage.simulator.script(**{HAIKU: {"latency": "1500ms"}})
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()
    slow = stage.ask()
    wait_until(lambda: relay.metric("deployment_requests_in_flight") == 1, "the request in flight")

    config = stage.config([deployment("other", SONNET), deployment("claude", SONNET)])
    assert reload(relay, config) == "configuration reloaded"
    quick = stage.ask()

    assert stage.reply(quick).text("x-relay-model") == SONNET
    reply = stage.reply(slow)
    assert (reply.text("x-relay-status"), reply.text("x-relay-model")) == ("200", HAIKU)
    event = stage.event(slow)
    assert event["deployment"]["model"] == event["attempts"][0]["model"] == HAIKU
    assert event["cost_usd"] > 0
    assert relay.metric("requests_total", outcome="success") == 2


def test_a_request_that_fails_after_a_reload_goes_on_under_the_new_one(stage, start_relay):
    stage.simulator.script(**{HAIKU: {"latency": "5s", "steps": "500"}})
    config = stage.config([deployment("claude", num_retries=0)])
    relay = start_relay(config, stage.environment).wait_until_ready()
    request = stage.ask()
    wait_until(lambda: relay.metric("deployment_requests_in_flight") == 1, "the request in flight")

    config = stage.config(
        [deployment("spare", SONNET), deployment("claude", num_retries=0)],
        router_settings={"fallbacks": [{"claude": ["spare"]}]},
    )
    assert reload(relay, config) == "configuration reloaded"

    reply = stage.reply(request)
    assert (reply.text("x-relay-status"), reply.text("x-relay-model")) == ("200", SONNET)
    assert [attempt["model"] for attempt in stage.event(request)["attempts"]] == [HAIKU, SONNET]


def test_what_is_known_of_a_deployment_that_stays_is_kept(stage, start_relay):
    stay = deployment("claude", rpm=2, model_info={"id": "haiku-1"})
    config = stage.config([stay], relay={"on_capacity_exhausted": "reject"})
    relay = start_relay(config, stage.environment).wait_until_ready()
    for request in (stage.ask(), stage.ask()):
        stage.reply(request)

    more = stage.config([deployment("other", SONNET), stay], relay={"on_capacity_exhausted": "reject"})
    assert reload(relay, more) == "configuration reloaded"

    usage = {entry["id"]: entry["usage"] for entry in relay.get("/routes").json()["deployments"]}
    assert usage["haiku-1"]["requests_this_minute"] in (0, 2)  # 0: the minute has just ended
    assert relay.metric("attempts_total", deployment="haiku-1") == 2


def test_a_held_request_takes_the_room_that_a_reload_makes(stage, start_relay):
    stage.simulator.script(**{"*": {"latency": "60s"}})
    relay = start_relay(
        stage.config([deployment("claude", max_parallel_requests=1)]), stage.environment
    ).wait_until_ready()
    stage.ask("first")
    held = stage.ask("second")
    wait_until(lambda: relay.metric("requests_waiting") == 1, "one request held")

    stage.simulator.script(**{"*": {"latency": "1ms"}})
    model_list = [deployment("claude", max_parallel_requests=1), deployment("claude", SONNET)]
    assert reload(relay, stage.config(model_list)) == "configuration reloaded"

    assert stage.reply(held).text("x-relay-status") == "200"
    relay.kill()  # the first request would take its minute


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"relay": {"max_in_flight": 0}}, "relay.max_in_flight: "),
        ({"relay": {"partition_concurency": 3}}, "relay.partition_concurency: is not a known key"),
        ({"kafka": {"group.id": "another"}}, "kafka.group.id: cannot change while the relay runs"),
        ({"relay": {"reply_topic": "another"}}, "relay.reply_topic: cannot change while the relay runs"),
        ({"model_list": [deployment("claude", "openai/gpt-4")]}, "litellm_params.model: "),
        (
            {"model_list": [deployment("claude", aws_bedrock_runtime_endpoint="nowhere")]},
            "aws_bedrock_runtime_endpoint: ",
        ),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused_whole(stage, start_relay, change, problem):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()
    routes = relay.get("/routes").json()
    config = stage.config(change.get("model_list"), change.get("kafka"), change.get("relay"))
    config["router_settings"] = {"routing_strategy": "least-busy"}

    assert reload(relay, config) == "configuration not reloaded; the old one stays"

    assert any(problem in event["problem"] for event in relay.events("configuration problem"))
    assert relay.get("/routes").json()["strategy"] == routes["strategy"]
    assert relay.metric("config_last_reload_successful") == 0
    assert relay.get("/readyz").status_code == 200
    assert stage.reply(stage.ask()).text("x-relay-status") == "200"
    assert reload(relay, stage.config()) == "configuration unchanged"
    assert relay.metric("config_last_reload_successful") == 1


def test_a_file_that_is_not_yaml_changes_nothing(stage, start_relay):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()

    relay.config_file.write_text("relay: [")
    relay.process.send_signal(signal.SIGHUP)
    relay.wait_for_line("configuration not reloaded")
    relay.config_file.unlink()
    relay.process.send_signal(signal.SIGHUP)
    relay.wait_for_line("cannot be read")

    assert stage.reply(stage.ask()).text("x-relay-status") == "200"


def test_changed_files_are_read_again_when_asked_for(stage, start_relay):
    config = stage.config(relay={"watch_config": True})
    relay = start_relay(config, stage.environment).wait_until_ready()

    rewrite(relay, stage.config([deployment("claude", SONNET)], relay={"watch_config": True}))
    relay.wait_for_line('"event":"configuration reloaded","trigger":"watch_config"')
    assert stage.reply(stage.ask()).text("x-relay-model") == SONNET

    rewrite(relay, stage.config())  # switches it off
    wait_until(lambda: len(outcomes(relay)) == 2, "the second reload")
    rewrite(relay, stage.config([deployment("claude", SONNET)]))
    assert reload(relay, stage.config([deployment("claude", SONNET)])) == "configuration reloaded"
    assert [event["trigger"] for event in outcomes(relay)] == ["watch_config", "watch_config", "SIGHUP"]


def test_a_config_map_that_is_swapped_by_links_is_noticed(stage, start_relay, tmp_path):
    """As kubelet does it: relay.yaml -> ..data/relay.yaml, ..data -> ..<time>, and the latter is replaced."""
    mount = tmp_path / "mount"
    mount.mkdir()

    def put(version, model):
        data = mount / f"..{version}"
        data.mkdir()
        (data / "models.yaml").write_text(json.dumps({"model_list": [deployment("claude", model)]}))
        link = mount / "..data_tmp"
        link.symlink_to(f"..{version}")
        os.rename(link, mount / "..data")

    put("2026_01_01", HAIKU)
    (mount / "models.yaml").symlink_to("..data/models.yaml")
    config = stage.config(relay={"watch_config": True})
    del config["model_list"]
    relay = start_relay(config, stage.environment, files=[mount / "models.yaml"]).wait_until_ready()
    assert stage.reply(stage.ask()).text("x-relay-model") == HAIKU

    put("2026_01_02", SONNET)

    relay.wait_for_line('"event":"configuration reloaded","trigger":"watch_config"')
    assert stage.reply(stage.ask()).text("x-relay-model") == SONNET


def test_a_reload_changes_who_may_be_replied_to_and_how_much_is_logged(stage, start_relay):
    stage.broker.create_topic(f"{stage.reply_topic}.mine")
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()
    headers = [("reply-topic", f"{stage.reply_topic}.mine".encode())]
    assert stage.reply(stage.ask(headers=headers)).text("x-relay-status") == "403"

    config = stage.config(relay={"allowed_reply_topics": [f"{stage.reply_topic}.*"], "log_level": "error"})
    rewrite(relay, config)
    relay.process.send_signal(signal.SIGHUP)
    relay.wait_for_line('"key":"relay.log_level"')  # the last that is logged at the old level

    wait_until(lambda: _is_allowed(stage, headers), "a reply to the topic that is allowed now")
    assert relay.terminate() == 0
    assert relay.events()[-1]["event"] == "configuration changed"


def _is_allowed(stage, headers):
    """Whether a request may have its reply there; a refusal is answered on the default topic."""
    request = stage.ask(headers=headers)
    return stage.event(request)["status"] == 200
