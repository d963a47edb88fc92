"""Secrets of the configuration are in no output: not in logs, tables, replies, events, metrics, dead letters or admin
pages, nor in what is said about a configuration that is read again.
"""

import json
import os
import signal
import subprocess

from conftest import binary
from stage import HAIKU, deployment
from waiting import wait_until

PASSWORD = "marked-kafka-password"
SECRET_KEY = "marked/secret+access+key"
SESSION_TOKEN = "marked-session-token"
API_KEY = "marked-api-key"
AMBIENT = "marked-ambient-secret"
MARK = "marked"


def test_secrets_are_told_to_nobody(stage, start_relay, tmp_path):
    stage.simulator.script(
        **{
            "anthropic.broken*": {"steps": "500"},
            "anthropic.denied*": {"steps": "403/UnrecognizedClientException"},
        }
    )
    otlp_topic = f"{stage.request_topic}.otlp"
    stage.broker.create_topic(otlp_topic)
    config = stage.config(
        [
            deployment(
                "claude",
                aws_access_key_id="AKIDEXAMPLE",
                aws_secret_access_key=SECRET_KEY,
                aws_session_token=SESSION_TOKEN,
            ),
            deployment("key", api_key="os.environ/MY_API_KEY"),
            deployment("broken", "anthropic.broken-v1:0", api_key=API_KEY, num_retries=0),
            deployment("denied", "anthropic.denied-v1:0", aws_secret_access_key=SECRET_KEY, aws_access_key_id="AKID"),
        ],
        # Without SASL it is not used, but is read, checked and kept like any other.
        kafka={"sasl.username": "relay", "sasl.password": "${MY_PASSWORD}", "debug": "generic,cgrp,security"},
        relay={"log_level": "debug", "otlp_metrics_topic": otlp_topic, "otlp_metrics_interval": 0.2},
    )
    environment = {
        **stage.environment,
        "AWS_SECRET_ACCESS_KEY": AMBIENT,
        "MY_PASSWORD": PASSWORD,
        "MY_API_KEY": API_KEY,
    }
    relay = start_relay(config, environment).wait_until_ready()

    requests = [stage.ask(model=model) for model in ("claude", "key", "broken", "denied", "unknown")]
    requests.append(stage.submit(b"not JSON"))
    statuses = [stage.reply(request).text("x-relay-status") for request in requests]

    assert statuses[:3] == ["200", "200", "500"]
    for request in requests[2:]:
        stage.dead_letter(request)
    for request in requests:
        stage.event(request)
    outputs = {path: relay.get(path).text for path in ("/", "/metrics", "/routes", "/status.json", "/healthz", "/readyz")}
    reload(relay)
    stage.reader(otlp_topic).wait_for(lambda _: True, "a snapshot")
    for topic in (stage.reply_topic, stage.event_topic, stage.dead_letter_topic, otlp_topic):
        outputs[topic] = repr(stage.reader(topic).read_to_end())
    file = tmp_path / "check.yaml"
    file.write_text(json.dumps(config))
    broken = tmp_path / "broken.yaml"
    mistakes = {
        "relay": {**config["relay"], "max_in_flight": 0},
        "kafka": {**config["kafka"], "sasl.password": [PASSWORD], "security.protocol": "nonsense"},
        "model_list": [deployment("claude", HAIKU, aws_secret_access_key=[SECRET_KEY], api_key={"a": API_KEY})],
    }
    broken.write_text(json.dumps(mistakes))
    for name, path, code in (("check", file, 0), ("check of mistakes", broken, 2)):
        result = subprocess.run(
            [binary("bedrock-relay"), "check", "--config", path],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, **environment},
        )
        assert result.returncode == code, result.stderr
        outputs[name] = result.stdout + result.stderr
    assert relay.terminate() == 0
    outputs["log"] = "\n".join(relay.lines)
    assert outputs["log"].count("\n") > 20  # it did say something
    assert not {name: text for name, text in outputs.items() if MARK in text}


def reload(relay):
    """Changes every secret, first in a way that may be, then in one that is refused, then with mistakes."""
    file = json.loads(relay.config_file.read_text())
    for entry in file["model_list"]:
        for key in {"aws_secret_access_key", "aws_session_token", "api_key"} & set(entry["litellm_params"]):
            entry["litellm_params"][key] = f"marked-new-{key}"
    file["environment_variables"] = {"SOME_SECRET": "marked-variable"}
    file["general_settings"] = {"master_key": "marked-master-key"}
    refused = file | {"kafka": file["kafka"] | {"sasl.password": "marked-new-password"}}
    mistaken = file | {"model_list": [deployment("claude", aws_secret_access_key=["marked-list"])]}
    for number, changed in enumerate((file, refused, mistaken), start=1):
        relay.config_file.write_text(json.dumps(changed))
        relay.process.send_signal(signal.SIGHUP)

        def outcomes():
            return [event for event in relay.events() if "reloaded" in event["event"]]

        wait_until(lambda: len(outcomes()) == number, "the reload's outcome")
    assert [event["level"] for event in outcomes()] == ["info", "error", "error"]
