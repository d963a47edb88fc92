"""The admin listener tells what is true: health, readiness, metrics that add up, routes."""

import subprocess

import pytest
import requests

from stage import HAIKU, SONNET, Stage, deployment


@pytest.fixture(scope="module")
def relay_and_stage(noida, shared_simulator, start_shared_relay):
    """After four answers, one of them after a retry and one from a fallback, and two refusals."""
    shared_simulator.script(
        **{
            "anthropic.*": {"input-tokens": 100, "output-tokens": 20},
            "anthropic.broken*": {"steps": "500"},
            "anthropic.flaky*": {"steps": "500,200"},
        }
    )
    with Stage(noida, shared_simulator, partitions=2) as stage:
        config = stage.config(
            [
                deployment("claude", HAIKU, rpm=600, tpm=100_000, max_parallel_requests=7, model_info={"id": "haiku-1"}),
                deployment("broken", "anthropic.broken-v1:0", num_retries=1, model_info={"id": "broken-1"}),
                deployment("flaky", "anthropic.flaky-v1:0", num_retries=1, model_info={"id": "flaky-1"}),
                deployment("spare", SONNET, model_info={"id": "sonnet-1"}),
            ],
            router_settings={"fallbacks": [{"broken": ["spare"]}], "allowed_fails": 100},
        )
        relay = start_shared_relay(config, stage.environment).wait_until_ready()
        sent = [stage.ask(model=model) for model in ("claude", "claude", "flaky", "broken", "unknown")]
        for request in [*sent, stage.submit(b"nope")]:
            stage.event(request)
        yield relay, stage


def test_it_is_healthy_and_ready(relay):
    assert relay.get("/healthz").status_code == 200
    assert relay.get("/readyz").status_code == 200


def test_promtool_accepts_the_metrics(relay):
    answer = relay.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    check = subprocess.run(["promtool", "check", "metrics"], input=answer.content, capture_output=True, timeout=30)
    assert check.returncode == 0, check.stderr.decode()
    names = {line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")}
    assert all(name.startswith("bedrock_relay_") for name in names)


def test_the_counters_match_what_was_sent(relay):
    def requests_total(**labels):
        return relay.metric("requests_total", **labels)

    assert requests_total() == 6
    assert requests_total(model_group="claude", outcome="success", status="200") == 2
    assert requests_total(model_group="broken", outcome="success", status="200") == 1
    assert requests_total(outcome="invalid", status="400") == 2
    assert relay.metric("attempts_total") == 7
    assert relay.metric("attempts_total", deployment="broken-1", status="500") == 2
    assert relay.metric("attempts_total", deployment="sonnet-1", status="200") == 1
    assert relay.metric("retries_total", model_group="flaky") == 1
    assert relay.metric("fallbacks_total", model_group="broken") == 1
    assert relay.metric("tokens_total", deployment="haiku-1", kind="prompt") == 200
    assert relay.metric("tokens_total", deployment="haiku-1", kind="completion") == 40
    assert relay.metric("cost_dollars_total", deployment="haiku-1") == pytest.approx(2 * (25e-6 + 25e-6))
    assert relay.metric("cost_dollars_total", deployment="sonnet-1") == pytest.approx(300e-6 + 300e-6)
    assert relay.metric("request_duration_seconds_count") == 6
    assert relay.metric("request_duration_seconds_bucket", le="+Inf") == 6
    assert relay.metric("attempt_duration_seconds_count", deployment="broken-1") == 2
    assert relay.metric("requests_in_flight") == 0
    assert relay.metric("assigned_partitions") == 2


def test_routes_tell_usage_and_limits(relay):
    answer = relay.get("/routes")

    assert answer.headers["content-type"].startswith("application/json")
    routes = answer.json()
    assert routes["strategy"] == "simple-shuffle"
    by_id = {entry["id"]: entry for entry in routes["deployments"]}
    assert list(by_id) == ["haiku-1", "broken-1", "flaky-1", "sonnet-1"]
    haiku = by_id["haiku-1"]
    assert (haiku["model_group"], haiku["model"], haiku["region"]) == ("claude", HAIKU, "us-east-1")
    assert haiku["limits"] == {"rpm": 600, "tpm": 100_000, "max_parallel_requests": 7}
    assert set(haiku["usage"]) == {
        "requests_this_minute", "tokens_this_minute", "peer_requests_this_minute", "peer_tokens_this_minute",
    }  # fmt: skip
    assert (haiku["in_flight"], haiku["cooldown_s"]) == (0, None)
    assert haiku["latency_s_per_token"] > 0
    assert by_id["broken-1"]["latency_s_per_token"] is None


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/routes", "/status.json"])
def test_it_is_read_only(relay, path):
    for method in ("POST", "PUT", "DELETE"):
        assert requests.request(method, relay.admin_url + path, data="x", timeout=10).status_code == 405
    assert requests.head(relay.admin_url + path, timeout=10).status_code == 200


def test_other_paths_are_not_found(relay):
    assert relay.get("/nothing").status_code == 404
    assert relay.get("/../../etc/passwd").status_code == 404


def test_a_head_that_is_too_large_is_refused(relay):
    answer = requests.get(relay.admin_url + "/healthz", headers={"x-large": "x" * 20_000}, timeout=10)

    assert answer.status_code == 431
    assert relay.get("/healthz").status_code == 200
