"""The simulator takes scripts and keeps its books, as the other tests rely on."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


@pytest.fixture
def bedrock(simulator):
    """AWS's own client, pointed at the simulator."""
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=simulator.url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


def converse(bedrock, text):
    return bedrock.converse(modelId=HAIKU, messages=[{"role": "user", "content": [{"text": text}]}])


def test_a_script_decides_what_a_model_answers(simulator, bedrock):
    simulator.script(**{"anthropic.*": {"steps": "429,200", "text": "@echo"}})

    with pytest.raises(ClientError) as refused:
        converse(bedrock, "first [id:a]")
    answer = converse(bedrock, "second [id:b]")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["output"]["message"]["content"][0]["text"] == "second [id:b]"
    assert simulator.journal()["models"] == {HAIKU: {"200": 1, "429": 1}}
    assert [(entry["id"], entry["outcome"]) for entry in simulator.entries()] == [("a", "429"), ("b", "200")]


def converse_stream(bedrock, text="hi"):
    answer = bedrock.converse_stream(modelId=HAIKU, messages=[{"role": "user", "content": [{"text": text}]}])
    return answer["stream"]


def test_awss_own_client_reads_its_streams(simulator, bedrock):
    script = {"text": "one two three", "reasoning": "hm", "tool": 'f:{"a": 1}', "input-tokens": "12", "output-tokens": "40"}
    simulator.script(**{HAIKU: script})

    events = list(converse_stream(bedrock))

    kinds = [next(iter(event)) for event in events]
    assert (kinds[0], kinds[-2:]) == ("messageStart", ["messageStop", "metadata"])
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert "".join(delta.get("text", "") for delta in deltas) == "one two three"
    assert "".join(delta.get("reasoningContent", {}).get("text", "") for delta in deltas) == "hm"
    assert "".join(delta.get("toolUse", {}).get("input", "") for delta in deltas) == '{"a": 1}'
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"
    assert events[-1]["metadata"]["usage"] == {"inputTokens": 12, "outputTokens": 40, "totalTokens": 52}


def test_a_stream_fails_where_its_script_says(simulator, bedrock):
    simulator.script(**{HAIKU: {"text": "one two three", "steps": "exception/throttlingException@2,429,200"}})
    seen = []

    with pytest.raises(EventStreamError, match="throttlingException"):
        for event in converse_stream(bedrock):
            seen.append(event)
    with pytest.raises(ClientError) as refused:
        converse_stream(bedrock)

    assert sum("contentBlockDelta" in event for event in seen) == 2
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert len(list(converse_stream(bedrock))) == 7
    assert simulator.journal()["models"] == {HAIKU: {"200 exception": 1, "429": 1, "200": 1}}
