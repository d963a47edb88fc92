"""Bedrock over TLS: HTTP/2 or HTTP/1.1, few connections, trust, a proxy on the way, and no request sent twice in silence."""

import pytest

from stage import HAIKU, deployment
from tls_front import Certificates, ConnectProxy, TLSFront


@pytest.fixture
def front(simulator, tmp_path):
    with TLSFront(tmp_path, simulator.url) as front:
        yield front


def through(front, stage, **more):
    """An environment that leads the relay to `front`."""
    return {
        **stage.environment,
        "AWS_BEDROCK_RUNTIME_ENDPOINT": front.url,
        "AWS_CA_BUNDLE": str(front.certificates.bundle),
        **more,
    }


def test_many_requests_share_a_few_http2_connections(stage, front, start_relay):
    stage.simulator.script(**{HAIKU: {"latency": "200ms"}})
    config = stage.config(relay={"partition_concurrency": 200})
    relay = start_relay(config, through(front, stage)).wait_until_ready()

    requests = [stage.ask() for _ in range(400)]
    answers = stage.answers(requests)

    assert {reply.text("x-relay-status") for replies in answers.values() for reply in replies} == {"200"}
    assert relay.metric("upstream_responses_total", http_version="2") == 400
    assert relay.metric("upstream_responses_total", http_version="1.1") == 0
    opened = relay.metric("upstream_connections_opened_total")
    assert 1 <= opened <= 8
    assert relay.metric("upstream_connections_reused_total") == 400 - opened
    assert 1 <= relay.metric("upstream_connections") <= opened
    assert relay.metric("upstream_errors_total") == 0
    assert stage.simulator.journal()["requests"] == 400


def test_http_1_1_is_spoken_on_request(stage, front, start_relay):
    relay = start_relay(stage.config(relay={"http_version": "1.1"}), through(front, stage)).wait_until_ready()

    assert stage.reply(stage.ask()).text("x-relay-status") == "200"

    assert relay.metric("upstream_responses_total", http_version="1.1") == 1
    assert relay.metric("upstream_responses_total", http_version="2") == 0


def test_a_call_whose_connection_dies_is_repeated_by_the_router_for_all_to_see(stage, front, start_relay):
    relay = start_relay(stage.config(router_settings={"num_retries": 1}), through(front, stage)).wait_until_ready()
    stage.reply(stage.ask())  # so that the connection has been used: libcurl would repeat on another by itself
    stage.simulator.script(**{HAIKU: {"latency": "1500ms"}})
    request = stage.ask()
    relay.wait_until(lambda: stage.simulator.journal()["requests"] == 2, "calling")

    front.kill_worker()

    event = stage.event(request)
    assert (event["outcome"], event["retries"]) == ("success", 1)
    assert [attempt["status"] for attempt in event["attempts"]] == [503, 200]
    assert stage.simulator.journal()["requests"] == 3
    assert relay.metric("upstream_errors_total", kind="connection_lost") == 1
    assert relay.metric("upstream_resends_total", outcome="sent") == 0


def test_an_authority_that_is_not_trusted_is_an_error_that_says_so(stage, front, start_relay, tmp_path):
    (tmp_path / "other").mkdir()
    other = Certificates(tmp_path / "other")
    config = stage.config(router_settings={"num_retries": 0})
    relay = start_relay(config, through(front, stage, AWS_CA_BUNDLE=str(other.bundle))).wait_until_ready()

    reply = stage.reply(stage.ask())

    assert reply.text("x-relay-status") == "503"
    assert "certificate" in reply.json()["error"]["message"]
    assert relay.metric("upstream_errors_total", kind="connect") == 1
    assert stage.simulator.journal()["requests"] == 0


def test_a_proxy_of_the_environment_is_used(stage, simulator, start_relay, tmp_path):
    with TLSFront(tmp_path, simulator.url, names=["DNS:bedrock.test"]) as front, ConnectProxy(front.port) as proxy:
        environment = through(front, stage, HTTPS_PROXY=proxy.url)
        config = stage.config([deployment("claude", aws_bedrock_runtime_endpoint="https://bedrock.test")])
        relay = start_relay(config, environment).wait_until_ready()

        assert stage.reply(stage.ask()).text("x-relay-status") == "200"

        assert proxy.requests == ["CONNECT bedrock.test:443"]
        assert relay.metric("upstream_responses_total", http_version="2") == 1
