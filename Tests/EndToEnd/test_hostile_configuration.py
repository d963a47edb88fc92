"""Files that are no configuration, or nearly one: each problem is a line with its place and what to do; nothing hangs or dies."""

import re
import socket
import threading

import pytest

from test_command_line import bedrock_relay

GOOD = """\
kafka: {bootstrap.servers: "localhost:1"}
relay: {reply_topic: answers}
model_list:
  - model_name: claude
    litellm_params: {model: bedrock/x.y, aws_region_name: us-east-1}
"""

# name: the file, and the problems as line, key and a part of what is said; line 0: the file as a whole
REFUSED = {
    "binary": (bytes(range(256)) * 400, [(0, "", "is not UTF-8 text")]),
    "zeros": (bytes(5000), [(1, "", "not valid YAML")]),
    "UTF-16": (GOOD.encode("utf-16"), [(0, "", "is not UTF-8 text")]),
    "half a character": (GOOD.encode() + b"# \xc3", [(0, "", "is not UTF-8 text")]),
    "control characters": ("relay:\n  reply_topic: a\x1bb\n", [(2, "", "control characters")]),
    "a list": ("- a\n- b\n", [(1, "", "expected a mapping of sections")]),
    "a word": ("relay\n", [(1, "", "expected a mapping of sections")]),
    "an indented tab": ("relay:\n\treply_topic: a\n", [(2, "", "not valid YAML")]),
    "an open quote": ('relay:\n  reply_topic: "a\n', [(3, "", "not valid YAML")]),
    "a key given twice": ("relay:\n  ordering: key\n  ordering: key\n", [(3, "", '"ordering" is given twice, first in line 2')]),
    "two documents": ("relay: {}\n---\nrelay: {}\n", [(2, "", "a second document begins")]),
    "an alias of nothing": ("relay: *base\n", [(1, "", "no anchor before it")]),
    "an alias of itself": ("relay: &base\n  x: *base\n", [(2, "", "no anchor before it")]),
    "laughs": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)),
        [(5, "", "aliases stand for more than")],
    ),
    "a merge of a word": ("relay:\n  <<: word\n", [(2, "", "neither")]),
    "a key that is a list": ("? [a, b]\n: c\n", [(1, "", "a key must be")]),
    "a tag": ("relay: !!python/object:os.system {}\n", [(1, "", "is not supported here")]),
    "five million brackets": ("relay: " + "[" * 5_000_000, [(1, "", "nested more than 64 levels")]),
    "five million braces": ("relay: " + "{" * 5_000_000, [(1, "", "nested more than 64 levels")]),
    "a stair of mappings": (
        "".join(f"{' ' * depth}k:\n" for depth in range(2000)), [(64, "", "nested more than 64 levels")]
    ),
    "an include of itself": ("include: [FILE]\n", [(1, "include", "includes itself")]),
    "an include of a folder": ("include: [/]\n", [(1, "include", "/ cannot be read")]),
    "an include of a device": ("include: [/dev/zero]\n", [(1, "include", "is larger than 64 MB")]),
    "an include of a mapping": ("include: {a: b}\n", [(1, "include", "expected a list of file names")]),
    "an include with a NUL": ('include: ["a\\0b"]\n', [(1, "include", "cannot be read")]),
    "an include of a variable": ("include: [$NOBODY_SETS_THIS]\n", [(1, "include", "NOBODY_SETS_THIS")]),
    "sections of other kinds": (
        "kafka: [1]\nrelay: 7\nmodel_list: {a: b}\nrouter_settings: x\nlitellm_settings: []\nenvironment_variables: 1\n",
        [
            (1, "kafka", "expected a mapping"),
            (2, "relay", "expected a mapping"),
            (3, "model_list", "expected a list of deployments"),
            (4, "router_settings", "expected a mapping"),
            (5, "litellm_settings", "expected a mapping"),
            (6, "environment_variables", "expected a mapping"),
        ],
    ),
    "numbers of all kinds": (
        "relay:\n  partition_concurrency: 1e400\n  max_in_flight: -1\n  request_deadline: .inf\n  shutdown_grace: -0.001\n"
        "  transaction_interval: .nan\n  max_buffered_bytes: 9223372036854775808\n  stream_flush: 5s\n"
        "  otlp_metrics_interval: 0\n",
        [
            (2, "relay.partition_concurrency", "expected a whole number from 1 to 100000"),
            (3, "relay.max_in_flight", "expected a whole number from 1 to 1000000"),
            (4, "relay.request_deadline", "expected a number of seconds"),
            (5, "relay.shutdown_grace", "expected a number of seconds of at least 0"),
            (6, "relay.transaction_interval", "expected a number of seconds"),
            (7, "relay.max_buffered_bytes", "expected a whole number of at least 1048576"),
            (8, "relay.stream_flush", "expected a number of seconds"),
            (9, "relay.otlp_metrics_interval", "expected a number of seconds"),
        ],
    ),
    "topics of all kinds": (
        'relay:\n  request_topics: []\n  reply_topic: ""\n  metrics_topic: ..\n  dead_letter_topic: a b\n'
        f"  state_topic: {'t' * 250}\n  allowed_reply_topics: [a/b]\n",
        [
            (2, "relay.request_topics", "at least one value"),
            *[(3 + n, f"relay.{key}", "expected a topic name") for n, key in enumerate(
                ["reply_topic", "metrics_topic", "dead_letter_topic", "state_topic"])],
            (7, "relay.allowed_reply_topics[0]", "glob pattern"),
        ],
    ),
    "lists where words belong": (
        "relay:\n  reply_topic: [a]\n  ordering: {key: 1}\n  admin: [127.0.0.1]\n  log_level: null\n  watch_config: 7\n",
        [
            (2, "relay.reply_topic", "a list cannot be used here"),
            (3, "relay.ordering", "a mapping cannot be used here"),
            (4, "relay.admin", "a list cannot be used here"),
            (6, "relay.watch_config", "expected true or false"),
        ],
    ),
    "addresses of all kinds": ("relay: {admin: 'localhost:99999'}\n", [(1, "relay.admin", "expected host:port")]),
    "topics that feed themselves": (
        "relay:\n  request_topics: [a, b]\n  reply_topic: a\n  dead_letter_topic: b\n",
        [(3, "relay.reply_topic", "is one of request_topics"), (4, "relay.dead_letter_topic", "is one of request_topics")],
    ),
    "deployments of all kinds": (
        "model_list:\n  - 1\n  - {}\n  - null\n  - {model_name: '', litellm_params: {model: bedrock/x.y}}\n"
        "  - {model_name: a, litellm_params: {model: openai/gpt-4}}\n  - {model_name: a, litellm_params: {model: bedrock/}}\n"
        "  - {model_name: a, litellm_params: {model: bedrock/x.y, rpm: -1, weight: .inf, timeout: x, tag_regex: ['(']}}\n"
        "  - {model_name: a, litellm_params: {model: bedrock/x.y, aws_region_name: a/b, api_base: ftp://x}}\n",
        [
            (2, "model_list[0]", "expected a mapping"),
            (2, "model_list[0].model_name", "is missing"),
            (2, "model_list[0].litellm_params.model", "is missing"),
            (3, "model_list[1].model_name", "is missing"),
            (3, "model_list[1].litellm_params.model", "is missing"),
            (4, "model_list[2].model_name", "is missing"),
            (4, "model_list[2].litellm_params.model", "is missing"),
            (5, "model_list[3].model_name", "expected a name"),
            (6, "model_list[4].litellm_params.model", "not a Bedrock model"),
            (7, "model_list[5].litellm_params.model", "1 to 2048 characters"),
            (8, "model_list[6].litellm_params.rpm", "expected a whole number of at least 0"),
            (8, "model_list[6].litellm_params.weight", "expected a number of at least 0"),
            (8, "model_list[6].litellm_params.tag_regex[0]", "expected a regular expression"),
            (8, "model_list[6].litellm_params.timeout", "expected a number of seconds"),
            (9, "model_list[7].litellm_params.aws_region_name", "expected an AWS region"),
            (9, "model_list[7].litellm_params.api_base", "expected a URL"),
        ],
    ),
    "parameters that every request would be refused for": (
        "model_list:\n  - model_name: a\n    litellm_params:\n      model: bedrock/x.y\n      temperature: hot\n"
        "  - model_name: a\n    litellm_params:\n      model: bedrock/x.z\n      max_tokens: -5\n",
        [
            (5, "model_list[0].litellm_params.temperature", "expected a number"),
            (9, "model_list[1].litellm_params.max_tokens", "expected an integer of at least 1"),
        ],
    ),
    "defaults that every request would be refused for": (
        "model_list:\n  - {model_name: a, litellm_params: {model: bedrock/x.y}}\n"
        "  - {model_name: a, litellm_params: {model: bedrock/x.z}}\n"
        "router_settings:\n  default_litellm_params:\n    temperature: hot\n    top_p: ${NOBODY:-0.5}\n",
        [(6, "router_settings.default_litellm_params.temperature", "expected a number")],
    ),
    "settings of all kinds": (
        "router_settings:\n  num_retries: 1001\n  fallbacks: [a, {a: [b], c: [d]}, {a: 7}]\n  retry_after: -1\n"
        "  model_group_alias: [a]\n  allowed_fails_policy: 3\n  routing_strategy_args: {ttl: 0, ttft_percentile: 2}\n"
        "  provider_budget_config: {bedrock: {budget_limit: -1, time_period: 1y}}\n",
        [
            (2, "router_settings.num_retries", "from 0 to 1000"),
            (3, "router_settings.fallbacks[0]", "expected a mapping with one key"),
            (3, "router_settings.fallbacks[1]", "expected a mapping with one key"),
            (4, "router_settings.retry_after", "expected a number of seconds"),
            (5, "router_settings.model_group_alias", "expected a mapping"),
            (6, "router_settings.allowed_fails_policy", "expected a mapping"),
            (7, "router_settings.routing_strategy_args.ttl", "expected a number of seconds"),
            (7, "router_settings.routing_strategy_args.ttft_percentile", "expected a number from 0 to 1"),
            (8, "router_settings.provider_budget_config.bedrock.budget_limit", "expected a number of at least 0"),
            (8, "router_settings.provider_budget_config.bedrock.time_period", "expected a period"),
        ],
    ),
}


def check(folder, content, environment=None):
    file = folder / "file.yaml"
    if isinstance(content, str):
        content = content.replace("FILE", str(file)).encode()
    file.write_bytes(content)
    return bedrock_relay("check", "--config", file, environment=environment)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_told_with_its_place(tmp_path, case):
    content, expected = REFUSED[case]

    result = check(tmp_path, content)

    assert (result.returncode, result.stdout) == (2, "")
    problems = result.stderr.splitlines()
    places = [re.match(r"\S*/file\.yaml(?::(\d+))?: (?:([\w.\[\]]+): )?(.+)", problem) for problem in problems]
    assert all(places), problems
    assert [(int(place[1] or 0), place[2] or "") for place in places] == [(line, key) for line, key, _ in expected]
    for problem, (_, _, words) in zip(problems, expected, strict=True):
        assert words in problem
        assert len(problem) < 1000


ACCEPTED = {
    "nothing": "",
    "a comment": "# nothing yet\n",
    "null": "~\n",
    "a byte order mark": "\ufeff" + GOOD,
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "anchors and merges": "a: &a {reply_topic: answers}\nrelay: {<<: *a}\n",
    "ten megabytes of text": GOOD + "general_settings: {x: '" + "y" * 10_000_000 + "'}\n",
    "ten megabytes of comments": GOOD + "# comment\n" * 1_000_000,
    "three megabytes of keys": GOOD + "general_settings:\n" + "".join(f"  k{n}: 1\n" for n in range(200_000)),
    "three megabytes of variables": GOOD + "environment_variables:\n" + "".join(f"  K{n}: x\n" for n in range(200_000)),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_unusual_is_read(tmp_path, case):
    result = check(tmp_path, ACCEPTED[case])

    assert (result.returncode, result.stderr) == (0, "")
    if "answers" in ACCEPTED[case]:
        assert re.search(r"replies to +answers\b", result.stdout)


def test_thousands_of_deployments_are_read(tmp_path):
    entries = "".join(
        f"  - {{model_name: g{n % 100}, litellm_params: {{model: bedrock/x.y, rpm: {n + 1}, order: {n % 3}}}}}\n"
        for n in range(5000)
    )

    result = check(tmp_path, "model_list:\n" + entries)

    assert (result.returncode, result.stderr) == (0, "")


def test_what_is_wrong_is_told_without_secrets(tmp_path):
    content = """\
kafka: {bootstrap.servers: "localhost:1", sasl.password: {a: hush-1}}
model_list:
  - model_name: a
    litellm_params: {model: bedrock/x.y, aws_secret_access_key: [hush-2], aws_session_token: {a: hush-3}, rpm: $HUSH}
"""

    result = check(tmp_path, content, {"HUSH": "hush-4"})

    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 4
    assert "hush-" not in result.stderr


@pytest.mark.parametrize("password", ["*hush-5", "!hush-6", "!!hush-7 x"])
def test_a_password_that_lacks_its_quotes_is_not_told(tmp_path, password):
    result = check(tmp_path, f"kafka:\n  sasl.password: {password}\n")

    assert result.returncode == 2
    assert "file.yaml:2: " in result.stderr
    assert "quotes" in result.stderr
    assert "hush" not in result.stderr


def test_check_talks_to_nobody(tmp_path):
    """Brokers, the model's endpoint, STS and the metadata service are all this socket, and it is left alone."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        callers, done = [], threading.Event()

        def accept():
            while not done.is_set():
                try:
                    callers.append(server.accept())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        parameters = "model: bedrock/x.y, aws_role_name: arn:aws:iam::123456789012:role/r, aws_session_name: check"
        content = f"""\
kafka: {{bootstrap.servers: "127.0.0.1:{port}", security.protocol: SASL_SSL, sasl.mechanisms: AWS_MSK_IAM}}
model_list:
  - {{model_name: a, litellm_params: {{{parameters}, aws_sts_endpoint: "{url}"}}}}
"""
        result = check(
            tmp_path,
            content,
            {
                "AWS_BEDROCK_RUNTIME_ENDPOINT": url,
                "AWS_ENDPOINT_URL": url,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
            },
        )
        done.set()
        thread.join()

    assert (result.returncode, result.stderr, callers) == (0, "", [])
