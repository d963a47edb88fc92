"""A real Prometheus scrapes the relay; what it has stored is asked for in its own language."""

import json
import shutil

import pytest
import requests

from brokers import free_port
from child_process import ChildProcess
from stage import deployment
from waiting import wait_until


class Prometheus(ChildProcess):
    def __init__(self, target, folder):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = shutil.which("prometheus")
        assert program, "prometheus is missing: run deploy/install-dependencies.sh --test"
        scrape = {"job_name": "relay", "scrape_interval": "200ms", "static_configs": [{"targets": [target]}]}
        config = folder / "prometheus.yaml"
        config.write_text(json.dumps({"scrape_configs": [scrape | {"scrape_timeout": "200ms"}]}))
        super().__init__(
            "prometheus",
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
        )

    def ask(self, path, **parameters):
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def query(self, expression):
        """The result's samples: labels and value."""
        result = self.ask("query", query=expression)["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def value(self, expression):
        samples = self.query(expression)
        return samples[0][1] if len(samples) == 1 else None


@pytest.fixture
def scraped(stage, start_relay, tmp_path):
    """A relay, its stage, and the Prometheus that scrapes it."""
    config = stage.config([
        deployment("claude", rpm=600, model_info={"id": "haiku-1"}),
        deployment("broken", "anthropic.broken-v1:0", num_retries=0, model_info={"id": "broken-1"}),
    ])
    stage.simulator.script(
        **{"anthropic.*": {"input-tokens": 100, "output-tokens": 20}, "anthropic.broken*": {"steps": "500"}}
    )
    relay = start_relay(config, stage.environment).wait_until_ready()
    with Prometheus(relay.admin_url.removeprefix("http://"), tmp_path) as prometheus:

        def is_ready():
            try:
                return requests.get(f"{prometheus.url}/-/ready", timeout=5).ok
            except requests.ConnectionError:
                return False

        prometheus.wait_until(is_ready, "ready", timeout=60)
        yield relay, prometheus


def test_what_is_scraped_is_what_happened(stage, scraped):
    relay, prometheus = scraped
    for request in [stage.ask(), stage.ask(), stage.ask(model="broken"), stage.submit(b"nope")]:
        stage.event(request)

    def is_counted():
        return prometheus.value("sum(bedrock_relay_requests_total)") == 4

    wait_until(is_counted, "all requests scraped", timeout=30)
    assert prometheus.value('up{job="relay"}') == 1
    (target,) = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert prometheus.value('bedrock_relay_requests_total{model_group="claude",outcome="success",status="200"}') == 2
    assert prometheus.value('bedrock_relay_tokens_total{deployment="haiku-1",kind="prompt"}') == 200
    assert prometheus.value('bedrock_relay_attempts_total{deployment="broken-1",status="500"}') == 1
    assert prometheus.value("bedrock_relay_deployment_requests_per_minute_limit") == 600
    # Histograms can be worked with: a quantile comes out of the buckets.
    quantile = "histogram_quantile(0.5, sum by (le) (bedrock_relay_request_duration_seconds_bucket))"
    assert 0 < prometheus.value(quantile) < 60
    kinds = {name: entry[0] for name, entry in prometheus.ask("metadata").items()}
    assert kinds["bedrock_relay_requests_total"]["type"] == "counter"
    assert kinds["bedrock_relay_request_duration_seconds"]["type"] == "histogram"
    assert all(entry["help"] for name, entry in kinds.items() if name.startswith("bedrock_relay_"))


def test_the_number_of_series_does_not_depend_on_requests(stage, scraped):
    """Whatever requests name: models nobody knows, correlation ids, topics."""
    relay, prometheus = scraped
    stage.event(stage.ask(model="nobody"))
    stage.event(stage.ask())
    before = set(series(relay))

    requests = [
        stage.ask(model=f"invented-{number}", headers=[("correlation-id", f"c-{number}".encode())], user=f"u-{number}")
        for number in range(50)
    ]
    requests += [stage.ask(metadata={"tags": [f"tag-{number}"]}) for number in range(20)]
    for request in requests:
        stage.event(request)

    assert relay.metric("requests_total") == 72
    assert set(series(relay)) == before
    assert relay.metric("requests_total", model_group="_unknown") == 51


def series(relay):
    return [line.rpartition(" ")[0] for line in relay.get("/metrics").text.splitlines() if not line.startswith("#")]
