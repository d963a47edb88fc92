"""Every body that the recorded requests become has the shape that AWS's own client demands of a Converse call."""

import base64
import json
import pathlib
import subprocess

import botocore.session
import botocore.validate
import pytest

from conftest import binary

FIXTURES = pathlib.Path(__file__).parents[1] / "BedrockTests" / "Fixtures"
VECTORS = json.loads((FIXTURES / "converse-mapping-vectors.json").read_text())["cases"]
BOUND_TO_FAIL = {
    "system only", "empty user", "tools llama choice", "reasoning r1", "seed", "logprobs", "legacy functions",
}  # fmt: skip
CLAUDE = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HI = [{"role": "user", "content": "hi"}]
CALL = {"id": "call/1", "type": "function", "function": {"name": "get.it", "arguments": '{"a":1}{"a":2}'}}
TOOL = {"type": "function", "function": {"name": "get.it"}, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
PICTURE = "data:image/jpg;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "n",
        "description": "d",
        "schema": {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/A"}},
            "$defs": {"A": {"type": "object", "properties": {}}},
        },
    },
}
PAPER = {"type": "file", "file": {"file_data": "data:text/markdown;base64,IyBI"}}


def convert(request):
    """What converse-map prints for a request, and whether it is a body rather than an error."""
    done = subprocess.run([binary("converse-map")], input=json.dumps(request).encode(), stdout=subprocess.PIPE)
    assert done.returncode in (0, 1)
    return json.loads(done.stdout), done.returncode == 0


@pytest.fixture(scope="module")
def converse_shape():
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model("Converse").input_shape


def decoded(value, shape):
    """`value` as botocore takes it: blobs as bytes."""
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        return {key: decoded(value[key], shape.members[key]) if key in shape.members else value[key] for key in value}
    if shape.type_name == "list":
        return [decoded(element, shape.member) for element in value]
    return value


def check_shape(body, shape):
    report = botocore.validate.ParamValidator().validate(decoded({"modelId": "m", **body}, shape), shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_recorded_request_becomes_a_valid_call(vector, converse_shape):
    body, is_body = convert({"model": vector["model"], "messages": HI, **vector["request"]})

    assert is_body == (vector["name"] not in BOUND_TO_FAIL)
    if is_body:
        check_shape(body, converse_shape)
    else:
        assert body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "request_members",
    [
        {
            "messages": [
                {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]},
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}, PAPER, PAPER]},
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "system", "content": "later"},
                {"role": "tool", "tool_call_id": "call/1", "content": [{"type": "text", "text": "r"}, PAPER]},
                {"role": "user", "content": "go on", "cache_control": {"type": "ephemeral"}},
            ],
            "tools": [TOOL],
        },
        {"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1", "streamProcessingMode": "sync"}},
        {"reasoning_effort": "high", "max_tokens": 9000, "requestMetadata": {"a": ""}, "service_tier": "auto"},
        {
            "messages": [
                *HI,
                {
                    "role": "assistant",
                    "content": "a",
                    "thinking_blocks": [
                        {"type": "thinking", "thinking": "t", "signature": "s"},
                        {"type": "redacted_thinking", "data": "b3A="},
                    ],
                },
                *HI,
            ]
        },
        {
            "messages": [
                *HI,
                {"role": "assistant", "content": "a", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call/1", "content": "r"},
            ],
            "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        },
        {"response_format": SCHEMA, "tools": [TOOL], "parallel_tool_calls": True},
        {"model": "bedrock/amazon.nova-lite-v1:0", "response_format": SCHEMA, "tools": [TOOL], "tool_choice": "auto"},
        {
            "model": "bedrock/anthropic.claude-opus-4-7",
            "thinking": {"type": "enabled", "budget_tokens": 3000},
            "tools": [TOOL],
            "temperature": 1,
        },
    ],
    ids=[
        "tools and files", "guardrail", "reasoning", "thoughts", "calls without tools", "schema", "schema as a tool",
        "adaptive thinking",
    ],  # fmt: skip
)
def test_what_the_recordings_lack_is_valid_as_well(request_members, converse_shape):
    body, is_body = convert({"model": CLAUDE, "messages": HI, **request_members})

    assert is_body, body
    check_shape(body, converse_shape)


def test_an_unknown_model_is_told_as_such():
    body, is_body = convert({"model": "bedrock/invalid", "messages": HI})

    assert not is_body
    assert body["error"]["code"] == "model_not_found"
