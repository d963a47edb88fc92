"""The simulator takes scripts and keeps its books, as the other tests rely on."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

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
