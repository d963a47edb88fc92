"""The relay's credentials against moto's STS and instance metadata: the program finds, fetches and signs with them."""

import json
import socket
import sys
import uuid

import pytest
import requests

from child_process import ChildProcess

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
ROLE = "arn:aws:iam::123456789012:role/bedrock-caller"


@pytest.fixture
def moto():
    """moto's server: STS and EC2's metadata service at one address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ChildProcess("moto", [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]) as server:

        def answers():
            try:
                return requests.get(f"http://127.0.0.1:{port}/moto-api/", timeout=5).ok
            except requests.ConnectionError:
                return False

        server.wait_until(answers, "ready", timeout=60)
        yield f"http://127.0.0.1:{port}"


def ask(start_relay, noida, kcat, simulator, parameters, environment):
    """Runs one request through a relay with these credential parameters; the reply's envelope."""
    run = uuid.uuid4().hex
    requests_topic, replies_topic = f"requests-{run}", f"replies-{run}"
    noida.create_topic(requests_topic)
    noida.create_topic(replies_topic)
    config = {
        "kafka": {"bootstrap.servers": noida.address, "group.id": f"relay-{run}", "auto.offset.reset": "earliest"},
        "relay": {
            "request_topics": [requests_topic],
            "reply_topic": replies_topic,
            "metrics_topic": None,
            "dead_letter_topic": None,
        },
        "model_list": [
            {
                "model_name": "claude",
                "litellm_params": {
                    "model": f"bedrock/{HAIKU}",
                    "aws_region_name": "us-east-1",
                    "aws_bedrock_runtime_endpoint": simulator.url,
                    **parameters,
                },
            }
        ],
    }
    relay = start_relay(config, {"HOME": "/nonexistent", **environment})
    body = {"model": "claude", "messages": [{"role": "user", "content": "hello"}]}
    kcat(noida.address).produce(requests_topic, json.dumps(body))
    relay.wait_until_ready()
    (reply,) = kcat(noida.address).consume(replies_topic, 1)
    return relay, json.loads(reply["payload"])


def fetched(relay):
    return [event["source"] for event in relay.events("credentials fetched")]


def test_a_role_is_assumed_with_keys(start_relay, noida, kcat, simulator, moto):
    parameters = {
        "aws_role_name": ROLE,
        "aws_session_name": "relay",
        "aws_access_key_id": "AKIDEXAMPLE",
        "aws_secret_access_key": "secret",
    }
    relay, reply = ask(start_relay, noida, kcat, simulator, parameters, {"AWS_STS_ENDPOINT": moto})
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert fetched(relay) == [f"role {ROLE}"]


def test_a_roles_session_gets_tags(start_relay, noida, kcat, simulator, moto):
    tags = [{"Key": "team", "Value": "search & more"}, {"Key": "cost-centre", "Value": "42"}]
    parameters = {
        "aws_role_name": ROLE,
        "aws_session_name": "relay",
        "aws_session_tags": tags,
        "aws_access_key_id": "AKIDEXAMPLE",
        "aws_secret_access_key": "secret",
    }
    relay, reply = ask(start_relay, noida, kcat, simulator, parameters, {"AWS_STS_ENDPOINT": moto})
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert fetched(relay) == [f"role {ROLE}"]
    assert not relay.events("configuration")


def test_a_pods_web_identity_is_exchanged(start_relay, noida, kcat, simulator, moto, tmp_path):
    token = tmp_path / "token"
    token.write_text("a.b.c\n")
    environment = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": ROLE, "AWS_STS_ENDPOINT": moto}
    relay, reply = ask(start_relay, noida, kcat, simulator, {}, environment)
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert fetched(relay) == [f"web identity as {ROLE}"]


def test_an_instances_role_is_used(start_relay, noida, kcat, simulator, moto):
    relay, reply = ask(start_relay, noida, kcat, simulator, {}, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": moto})
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert fetched(relay) == [f"instance metadata at {moto}"]


def test_without_credentials_the_reply_is_a_401(start_relay, noida, kcat, simulator):
    _, reply = ask(start_relay, noida, kcat, simulator, {}, {"AWS_EC2_METADATA_DISABLED": "true"})
    assert "Unable to locate credentials" in reply["error"]["message"]
    assert simulator.journal()["requests"] == 0
