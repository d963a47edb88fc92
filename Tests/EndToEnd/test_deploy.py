"""deploy/ holds what its tools accept: see the table in deploy/README.md."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sysconfig
import warnings

import boto3
import grafana_foundation_sdk.cog.plugins as grafana_plugins
import kubernetes_validate
import moto
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject
from cloudcoil.models.prometheus_operator.v1 import ServiceMonitor
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from conftest import ROOT, binary

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
# Kubernetes' own kinds are held against its API's schemas, these against their definitions' models.
CUSTOM_KINDS = {"ScaledObject": ScaledObject, "ServiceMonitor": ServiceMonitor}


def run(*command, **options):
    """Runs a tool that must find nothing wrong."""
    result = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **options,
    )  # fmt: skip
    assert result.returncode == 0, f"{command}: {result.stdout}"
    return result.stdout


def python_tool(name):
    """A program that a package of requirements.txt brought."""
    return pathlib.Path(sysconfig.get_path("scripts")) / name


def yaml_documents(path):
    return list(yaml.safe_load_all(path.read_text()))


# ------------------------------------------------------------------------------------------------------ containers


def test_hadolint_accepts_the_dockerfile():
    run(python_tool("hadolint"), DEPLOY / "Dockerfile")


def dockerfile():
    return (DEPLOY / "Dockerfile").read_text()


def test_what_the_dockerfile_copies_is_there_and_not_ignored():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text()
    kept = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    copies = [line.split()[1:] for line in dockerfile().splitlines() if line.startswith("COPY ")]
    sources = [word for words in copies for word in words[:-1] if not word.startswith("--")]
    from_context = [word for word in sources if not word.startswith("/usr/local")]

    assert len(from_context) >= 6
    for source in from_context:
        assert (ROOT / source).exists(), source
        assert any(source == name or source.startswith(name + "/") for name in kept), f"{source} is ignored"


# Which package of the image has which library of the program; a release build has Swift's runtime in it, and the C library
# with the compiler's is in every image.
PACKAGES = {
    "libcrypto": "libssl3", "libcurl": "libcurl4", "librdkafka": "librdkafka1", "libssl": "libssl3",
    "libstdc++": "libstdc++6", "libyaml-0": "libyaml-0-2",
}  # fmt: skip
SWIFT = ("lib_Found", "libFound", "libBlocksRuntime", "libdispatch", "libswift")
IN_EVERY_IMAGE = (*SWIFT, "libc.", "libm.", "libresolv.", "libgcc_s.", "ld-linux")


def needed_libraries():
    return re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", binary("bedrock-relay")))


def test_the_runtime_image_has_every_library_that_the_program_loads():
    stage = re.search(r"AS runtime\n(.*?)\nFROM", dockerfile(), re.DOTALL)[1]
    libraries = {name.split(".so")[0] for name in needed_libraries() if not name.startswith(IN_EVERY_IMAGE)}

    # A development build has it through Swift's libraries.
    assert libraries | {"libstdc++"} == set(PACKAGES)
    for package in PACKAGES.values():
        assert f" {package} " in stage.replace("\n", " ")


def test_the_program_needs_no_library_of_swift():
    if "RELAY_BIN" in os.environ:  # a development build, say: under a sanitizer
        return
    assert not [name for name in needed_libraries() if name.startswith(SWIFT)]


def test_the_topics_image_has_the_client_that_the_script_is_tested_with():
    pinned = re.search(r"^(confluent-kafka==\S+)", (ROOT / "Tests/EndToEnd/requirements.txt").read_text(), re.MULTILINE)

    assert f" {pinned[1]}\n" in dockerfile()


def test_the_compose_file_follows_the_compose_specification():
    run(python_tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


def test_the_compose_file_mounts_what_is_there_and_builds_what_the_dockerfile_has():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    targets = re.findall(r"^FROM \S+ AS (\S+)", dockerfile(), re.MULTILINE)

    for name, service in services.items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).exists(), f"{name}: {mount}"
        if "build" in service:
            assert service["build"]["target"] in targets
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
        for other in service.get("depends_on", []):
            assert other in services


def test_the_container_health_check_tells_a_live_relay_from_a_dead_one(stage, start_relay):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()
    check = ["bash", DEPLOY / "healthcheck.sh"]
    environment = {**os.environ, "RELAY_ADMIN": relay.admin_url.removeprefix("http://")}

    run(*check, env=environment)
    relay.terminate()

    assert subprocess.run(check, env=environment, capture_output=True, timeout=10).returncode != 0


# ------------------------------------------------------------------------------------------------------ Kubernetes


def manifests():
    return [path for path in sorted(KUBERNETES.rglob("*.yaml")) if "kind:" in path.read_text()]


def check_manifest(manifest):
    if manifest["kind"] == "Kustomization":
        return
    if model := CUSTOM_KINDS.get(manifest["kind"]):
        understood = model.model_validate(manifest).model_dump(by_alias=True, exclude_unset=True, mode="json")
        assert understood == manifest, "a field is not one of the definition's"
    else:
        kubernetes_validate.validate(manifest, "1.33", strict=True)


@pytest.mark.parametrize("path", manifests(), ids=lambda path: str(path.relative_to(KUBERNETES)))
def test_a_manifest_follows_its_schema(path):
    for manifest in yaml_documents(path):
        check_manifest(manifest)


@pytest.mark.parametrize("folder", sorted(path.parent for path in KUBERNETES.rglob("kustomization.yaml")), ids=lambda path: path.name)
def test_a_kustomization_names_files_that_are_there_and_kubectl_builds_it(folder):
    (kustomization,) = yaml_documents(folder / "kustomization.yaml")
    for resource in kustomization["resources"]:
        assert (folder / resource).exists(), resource
    for generator in kustomization.get("configMapGenerator", []):
        for file in generator["files"]:
            assert (folder / file).is_file(), file
    if not has_kustomize():
        return  # Debian's kubectl is too old for it: the files have been checked one by one
    built = list(yaml.safe_load_all(run("kubectl", "kustomize", folder)))
    for manifest in built:
        check_manifest(manifest)
    config_maps = {manifest["metadata"]["name"] for manifest in built if manifest["kind"] == "ConfigMap"}
    for manifest in built:
        if manifest["kind"] == "Deployment":
            (volume,) = manifest["spec"]["template"]["spec"]["volumes"]
            assert volume["configMap"]["name"] in config_maps


def has_kustomize():
    """kubectl with kustomize 4 or newer."""
    if not shutil.which("kubectl"):
        return False
    version = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=30)
    return re.search(r'"kustomizeVersion": *"v[4-9]', version.stdout) is not None


def test_pods_get_longer_to_end_than_the_relay_takes():
    (deployment,) = yaml_documents(KUBERNETES / "base" / "deployment.yaml")
    (config,) = yaml_documents(KUBERNETES / "base" / "relay.yaml")

    # Leaving the group and flushing may take ten seconds each.
    grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace >= config["relay"]["shutdown_grace"] + 20


CONFIGURATIONS = {
    "compose": ["config/relay.yaml", "deploy/compose/relay.yaml", "config/route/latency-based.yaml"],
    "kubernetes": ["config/relay.yaml", "deploy/kubernetes/base/relay.yaml", "deploy/kubernetes/base/models.yaml"],
}


@pytest.mark.parametrize("files", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_the_relay_accepts_the_shipped_configuration(files):
    command = [binary("bedrock-relay"), "check"]
    for file in files:
        command += ["--config", ROOT / file]

    run(*command, env={**os.environ, "AWS_REGION": "us-east-1", "RELAY_ZONE": "use1-az1"})


# --------------------------------------------------------------------------------------------------------- systemd


@pytest.fixture
def unit(tmp_path):
    """The unit as it is, but for where the program is: systemd wants to find it."""
    text = (DEPLOY / "systemd" / "bedrock-relay.service").read_text()
    path = tmp_path / "bedrock-relay.service"
    path.write_text(text.replace("/usr/local/bin/bedrock-relay", str(binary("bedrock-relay"))))
    return path


def test_systemd_accepts_the_unit(unit):
    said = run("systemd-analyze", "verify", "--man=no", unit)

    assert unit.name not in said


def test_systemd_finds_the_unit_well_fenced(unit):
    run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit)  # of 100


# ------------------------------------------------------------------------------------------------------------- IAM


POLICIES = ["bedrock-policy.json", "msk-policy.json", "msk-redrive-policy.json"]


@pytest.mark.parametrize("name", POLICIES)
def test_parliament_knows_every_action_resource_and_condition_of_a_policy(name):
    with warnings.catch_warnings(action="ignore"):  # it uses what setuptools would like to drop
        import parliament
    policy = (DEPLOY / "iam" / name).read_text()

    findings = parliament.analyze_policy_string(policy).findings

    # It wants a resource of each kind that an action can be used on; we name those that are used.
    assert [finding for finding in findings if finding.issue != "RESOURCE_MISMATCH"] == []
    assert '"*"' not in policy


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("trust", ["trust-irsa.json", "trust-pod-identity.json"])
def test_a_role_can_be_made_of_the_policies(name, trust):
    with moto.mock_aws():
        iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        iam.create_role(RoleName="relay", AssumeRolePolicyDocument=(DEPLOY / "iam" / trust).read_text())
        iam.put_role_policy(
            RoleName="relay", PolicyName="relay", PolicyDocument=(DEPLOY / "iam" / name).read_text()
        )


# ------------------------------------------------------------------------------------------------------ monitoring


def test_promtool_accepts_the_configuration_and_the_rules():
    run("promtool", "check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    run("promtool", "check", "rules", DEPLOY / "prometheus" / "alerts.yml")


def test_the_alerts_fire_when_they_should():
    run("promtool", "test", "rules", DEPLOY / "prometheus" / "alerts_test.yml")


def alerts():
    (rules,) = yaml_documents(DEPLOY / "prometheus" / "alerts.yml")
    return [rule for group in rules["groups"] for rule in group["rules"]]


def test_every_alert_is_tested_and_has_its_way_out_in_the_operations_guide():
    tests = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    guide = (DEPLOY / "operations.md").read_text()

    for alert in alerts():
        assert alert["alert"] in fired
        assert f"`{alert['alert']}`" in guide


def test_the_dashboard_is_what_grafana_reads():
    """Read with Grafana's own models and written again nothing is lost: every field is one that Grafana knows."""
    grafana_plugins.register_default_plugins()
    dashboard = json.loads((DEPLOY / "grafana" / "bedrock-relay.json").read_text())

    understood = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))

    assert lost(dashboard, understood) == []
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identifiers)) == len(identifiers)


def lost(wanted, understood, place=""):
    """The places where `understood` differs from `wanted`; what it has besides are defaults."""
    if isinstance(wanted, dict) and isinstance(understood, dict):
        return [
            entry
            for key, value in wanted.items()
            for entry in (lost(value, understood[key], f"{place}.{key}") if key in understood else [f"{place}.{key}"])
        ]
    if isinstance(wanted, list) and isinstance(understood, list) and len(wanted) == len(understood):
        return [entry for i, (a, b) in enumerate(zip(wanted, understood)) for entry in lost(a, b, f"{place}[{i}]")]
    return [] if wanted == understood else [place]


def catalogue():
    """The metrics as `MetricDefinition` lists them: {name: (kind, labels)}."""
    source = (ROOT / "Sources/Core/Metrics/MetricDefinition.swift").read_text()
    names = dict(re.findall(r'^    case (\w+) = "(\w+)"', source, re.MULTILINE))
    rows = re.findall(r"case \.(\w+):\s*\(\s*\.(counter|gauge|histogram), \.\w+, \[([^]]*)\]", source)
    assert len(names) == len(rows) > 30
    return {
        f"bedrock_relay_{names[case]}": (kind, set(re.findall(r'"(\w+)"', labels))) for case, kind, labels in rows
    }


def expressions():
    dashboard = json.loads((DEPLOY / "grafana" / "bedrock-relay.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    queries += [variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return queries + [alert["expr"] for alert in alerts()]


def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_exist():
    metrics = catalogue()
    series = {}
    for name, (kind, labels) in metrics.items():
        suffixes = ["_bucket", "_sum", "_count"] if kind == "histogram" else [""]
        series |= {name + suffix: labels | {"le"} if suffix == "_bucket" else labels for suffix in suffixes}
    used = set()
    for expression in expressions():
        for name, selector in re.findall(r"(bedrock_relay_\w+)(?:\{([^}]*)\})?", expression):
            assert name in series, f"{name} in {expression}"
            used.add(name)
            for label in re.findall(r"(\w+) *(?:=~|!=|!~|=)", selector):
                assert label in series[name] | {"instance", "job"}, f"{label} of {name}"
    unused = {name for name in metrics if not any(series_name.startswith(name) for series_name in used)}
    # Everything measured is shown or watched, but for what has no meaning by itself.
    assert unused <= {
        "bedrock_relay_partition_requests_in_flight",
        "bedrock_relay_partition_prefetched_records",
        "bedrock_relay_config_last_reload_success_timestamp_seconds",
    }


def test_promtool_understands_every_query_of_the_dashboard(tmp_path):
    """promtool 2.42 parses no bare queries: each becomes a rule."""
    rules = []
    for number, expression in enumerate(expressions()):
        if not expression.startswith("label_values("):
            expression = expression.replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$model_group", ".*")
            rules.append({"record": f"query_{number}", "expr": expression})
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    run("promtool", "check", "rules", file)


def test_the_collector_reads_the_topic_that_the_relay_writes():
    """Nobody packages the Collector for Debian or PyPI: its own `validate` is not to be had, so what we can see is."""
    (collector,) = yaml_documents(DEPLOY / "collector" / "config.yaml")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]

    metrics = collector["receivers"]["kafka"]["metrics"]
    assert metrics == {"topic": "chat.otlp.metrics", "encoding": "otlp_json"}
    assert metrics["topic"] in compose["topics"]["command"]
    for pipeline in collector["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(collector[kind])
    (prometheus,) = yaml_documents(DEPLOY / "prometheus" / "prometheus.yml")
    port = collector["exporters"]["prometheus"]["endpoint"].split(":")[1]
    assert [f"collector:{port}"] in [
        static["targets"] for job in prometheus["scrape_configs"] for static in job["static_configs"]
    ]
