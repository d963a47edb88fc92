"""deploy/create-topics.py, against a broker."""

import importlib.util
import subprocess
import sys
import uuid

import pytest
from confluent_kafka.admin import AclOperation, ConfigResource, ResourceType

from conftest import ROOT

SCRIPT = ROOT / "deploy" / "create-topics.py"


def create_topics(*arguments):
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def names():
    """Topic names of its own, as arguments."""
    prefix = uuid.uuid4().hex[:8]
    return {f"--{kind}-topic": f"{prefix}.{kind}" for kind in ("request", "reply", "metrics", "dead-letter", "state")}


def as_arguments(names):
    return [word for pair in names.items() for word in pair]


def test_it_creates_the_topics_with_their_partitions(noida, names):
    result = create_topics("--bootstrap-servers", noida.address, "--partitions", 5, *as_arguments(names))

    assert (result.returncode, result.stderr) == (0, "")
    topics = noida.admin().list_topics(timeout=10).topics
    partitions = {kind: len(topics[name].partitions) for kind, name in names.items()}
    assert partitions == {
        "--request-topic": 5, "--reply-topic": 5, "--metrics-topic": 3, "--dead-letter-topic": 5, "--state-topic": 1,
    }  # fmt: skip


def test_a_topic_keeps_its_settings(tansu, names):
    result = create_topics("--bootstrap-servers", tansu.address, *as_arguments(names))

    assert (result.returncode, result.stderr) == (0, "")
    resource = ConfigResource(ConfigResource.Type.TOPIC, names["--reply-topic"])
    admin = tansu.admin()
    config = admin.describe_configs([resource])[resource].result(timeout=10)
    assert config["retention.ms"].value == str(24 * 3600 * 1000)


def test_running_it_again_changes_nothing_and_says_what_differs(noida, names):
    arguments = ["--bootstrap-servers", noida.address, *as_arguments(names)]
    create_topics(*arguments, "--partitions", 2)

    again = create_topics(*arguments, "--partitions", 4)

    assert (again.returncode, again.stderr) == (0, "")
    assert f"{names['--request-topic']}: exists with 2 partitions (planned: 4" in again.stdout
    assert f"{names['--metrics-topic']}: exists with 3 partitions\n" in again.stdout
    assert "created" not in again.stdout


def test_it_fails_when_a_topic_cannot_be_created(noida, names):
    names["--reply-topic"] = "not/a/topic/name"

    result = create_topics("--bootstrap-servers", noida.address, *as_arguments(names))

    assert result.returncode == 1
    assert "not/a/topic/name: " in result.stderr
    assert f"{names['--request-topic']}: created" in result.stdout


def test_brokers_that_cannot_be_reached_are_one_line(names):
    result = create_topics("--bootstrap-servers", "127.0.0.1:1", "--timeout", 1, *as_arguments(names))

    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("create-topics: Failed to get metadata: ")
    assert "127.0.0.1:1" in line


def test_a_dry_run_prints_the_plan_and_asks_nobody(names):
    result = create_topics(
        "--bootstrap-servers", "127.0.0.1:1", "--dry-run", "--relay-principal", "User:relay", *as_arguments(names)
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert f"topic {names['--request-topic']} partitions=12 cleanup.policy=delete retention.ms=604800000" in result.stdout
    assert f"acl User:relay READ TOPIC {names['--request-topic']}\n" in result.stdout
    assert f"acl User:relay WRITE TOPIC {names['--reply-topic']}*\n" in result.stdout


@pytest.fixture(scope="module")
def script():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("create_topics", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_acls_are_least_rights(script):
    options = script.parse(["--relay-principal", "User:relay", "--client-principal", "User:shop", "--operator-principal=User:me"])
    rights = {
        (acl.principal, acl.restype, acl.name, acl.operation)
        for acl in script.planned_acls(options)
        if acl.operation != AclOperation.DESCRIBE
    }

    assert rights == {
        ("User:relay", ResourceType.TOPIC, "chat.requests", AclOperation.READ),
        ("User:relay", ResourceType.GROUP, "bedrock-relay", AclOperation.READ),
        ("User:relay", ResourceType.TOPIC, "chat.replies", AclOperation.WRITE),
        ("User:relay", ResourceType.TOPIC, "chat.routing.metrics", AclOperation.WRITE),
        ("User:relay", ResourceType.TOPIC, "chat.requests.dlq", AclOperation.WRITE),
        ("User:relay", ResourceType.TRANSACTIONAL_ID, "bedrock-relay", AclOperation.WRITE),
        ("User:me", ResourceType.TOPIC, "chat.requests.dlq", AclOperation.READ),
        ("User:me", ResourceType.TOPIC, "chat.requests", AclOperation.WRITE),
        ("User:me", ResourceType.GROUP, "bedrock-relay.redrive", AclOperation.READ),
        ("User:me", ResourceType.TRANSACTIONAL_ID, "bedrock-relay.redrive", AclOperation.WRITE),
        ("User:shop", ResourceType.TOPIC, "chat.requests", AclOperation.WRITE),
        ("User:shop", ResourceType.TOPIC, "chat.replies", AclOperation.READ),
    }


def test_a_properties_file_is_read_as_clients_do(script, tmp_path):
    file = tmp_path / "admin.properties"
    file.write_text("# who we are\nsecurity.protocol=SASL_SSL\n\nsasl.password = a=b\n")

    assert script.read_properties(file) == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    file.write_text("nonsense\n")
    with pytest.raises(SystemExit, match="admin.properties:1"):
        script.read_properties(file)
