"""The OTLP metrics topic: what OpenTelemetry's own protobuf classes make of its records."""

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
)

from stage import HAIKU, deployment


@pytest.fixture
def otlp_topic(stage):
    topic = f"{stage.request_topic}.otlp"
    stage.broker.create_topic(topic)
    return topic


def start(stage, start_relay, topic, **relay):
    config = stage.config(
        [
            deployment("claude", model_info={"id": "haiku-1"}),
            deployment("broken", "anthropic.broken-v1:0", num_retries=0, model_info={"id": "broken-1"}),
        ],
        relay={"otlp_metrics_topic": topic, "otlp_metrics_interval": 0.2, **relay},
    )
    stage.simulator.script(
        **{"anthropic.*": {"input-tokens": 100, "output-tokens": 20}, "anthropic.broken*": {"steps": "500"}}
    )
    environment = {**stage.environment, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test"}
    return start_relay(config, environment).wait_until_ready()


def parse(record):
    """As the collector's otlp_json encoding does: fields that the schema does not have would be an error here."""
    return json_format.Parse(record.value, ExportMetricsServiceRequest())


def attributes(point):
    return {entry.key: entry.value.string_value or entry.value.int_value for entry in point.attributes}


def metrics(request):
    return {metric.name: metric for scope in request.resource_metrics[0].scope_metrics for metric in scope.metrics}


def values(record, name, kind="histogram", **wanted):
    """The points of one metric with these attributes."""
    metric = metrics(parse(record)).get(name)
    points = getattr(metric, kind).data_points if metric else []
    return [point for point in points if wanted.items() <= attributes(point).items()]


def test_snapshots_are_export_requests_by_the_genai_conventions(stage, start_relay, otlp_topic):
    relay = start(stage, start_relay, otlp_topic)
    for request in [stage.ask(), stage.ask(), stage.ask(model="broken")]:
        stage.event(request)

    def is_complete(record):
        return len(values(record, "gen_ai.client.operation.duration")) == 2

    (record,) = stage.reader(otlp_topic).wait_for(is_complete, "a snapshot of all requests")[:1]

    request = parse(record)
    resource = attributes(request.resource_metrics[0].resource)
    instance = relay.events("started")[0]["instance"]
    assert resource["service.name"] == "bedrock-relay"
    assert resource["service.instance.id"] == instance == record.key.decode()
    assert resource["service.version"] == relay.events("started")[0]["version"]
    assert resource["deployment.environment.name"] == "test"
    duration = metrics(request)["gen_ai.client.operation.duration"]
    assert duration.unit == "s"
    assert duration.histogram.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
    (answered,) = values(record, duration.name, **{"gen_ai.response.model": HAIKU})
    assert answered.count == sum(answered.bucket_counts) == 2
    assert len(answered.bucket_counts) == len(answered.explicit_bounds) + 1
    assert list(answered.explicit_bounds) == pytest.approx([0.01 * 2**power for power in range(14)])
    assert 0 < answered.start_time_unix_nano < answered.time_unix_nano
    said = attributes(answered)
    assert said["gen_ai.operation.name"] == "chat"
    assert said["gen_ai.provider.name"] == "aws.bedrock"
    assert said["gen_ai.request.model"] == HAIKU
    assert (said["server.address"], said["server.port"]) == ("127.0.0.1", stage.simulator.port)
    (failed,) = values(record, duration.name, **{"bedrock_relay.deployment.id": "broken-1"})
    assert attributes(failed)["error.type"]
    tokens = metrics(request)["gen_ai.client.token.usage"]
    assert tokens.unit == "{token}"
    assert {attributes(point)["gen_ai.token.type"]: point.sum for point in tokens.histogram.data_points} == {
        "input": 200,
        "output": 40,
    }
    assert list(tokens.histogram.data_points[0].explicit_bounds) == [4**power for power in range(14)]
    (total,) = values(record, "bedrock_relay.requests", "sum", model_group="claude", outcome="success")
    assert total.as_int == 2
    assert metrics(request)["bedrock_relay.assigned_partitions"].gauge.data_points[0].as_int == 1


def test_deltas_add_up(stage, start_relay, otlp_topic):
    relay = start(stage, start_relay, otlp_topic, otlp_metrics_temporality="delta")
    for _ in range(5):
        stage.event(stage.ask())
    assert relay.terminate() == 0  # leaves a last snapshot

    records = stage.reader(otlp_topic).read_to_end()
    points = [point for record in records for point in values(record, "gen_ai.client.operation.duration")]
    assert sum(point.count for point in points) == 5
    duration = [metrics(parse(record)).get("gen_ai.client.operation.duration") for record in records]
    assert {metric.histogram.aggregation_temporality for metric in duration if metric} == {
        AGGREGATION_TEMPORALITY_DELTA
    }
    for earlier, later in zip(points, points[1:]):
        assert earlier.time_unix_nano <= later.start_time_unix_nano


def test_cumulative_snapshots_only_grow_and_the_last_has_all(stage, start_relay, otlp_topic):
    relay = start(stage, start_relay, otlp_topic)
    for _ in range(3):
        stage.event(stage.ask())
    assert relay.terminate() == 0

    points = [
        point
        for record in stage.reader(otlp_topic).read_to_end()
        for point in values(record, "bedrock_relay.requests", "sum")
    ]
    counts = [point.as_int for point in points]
    assert counts == sorted(counts)
    assert counts[-1] == 3
    assert len({point.start_time_unix_nano for point in points}) == 1
