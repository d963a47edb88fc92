"""TLS, client certificates and every way to log in, through brokers that insist on them."""

import base64
import hashlib
import hmac
import subprocess
import urllib.parse

import pytest

from brokers import Tansu
from stage import Stage

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SASL_USERS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
TESTS_LOGIN = {"sasl.mechanisms": "PLAIN", "sasl.username": "tests", "sasl.password": "tests-password"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA, and what it has signed: `server` for 127.0.0.1, `client`. A second CA that nobody trusts."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name, *options):
        command = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem", *options,
        ]  # fmt: skip
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=30)

    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"]
    make("ca")
    make("other-ca")
    make("server", *signed, "-addext", "subjectAltName=IP:127.0.0.1")
    make("client", *signed)
    return folder


@pytest.fixture(scope="module")
def tls_options(certificates):
    return ["--tls", certificates / "server.pem", certificates / "server.key"]


@pytest.fixture(scope="module")
def mutual_tls(certificates, tls_options):
    """A broker that speaks TLS with those who have a certificate."""
    settings = {
        "security.protocol": "SSL",
        "ssl.ca.location": str(certificates / "ca.pem"),
        "ssl.certificate.location": str(certificates / "client.pem"),
        "ssl.key.location": str(certificates / "client.key"),
    }
    with Tansu([*tls_options, "--client-ca", certificates / "ca.pem"], settings) as broker:
        yield broker


@pytest.fixture(scope="module")
def sasl_tls(certificates, tls_options):
    """A broker that wants a login over TLS."""
    settings = {"security.protocol": "SASL_SSL", "ssl.ca.location": str(certificates / "ca.pem"), **TESTS_LOGIN}
    with Tansu([*tls_options, "--sasl", *SASL_USERS, "OAUTHBEARER"], settings) as broker:
        yield broker


def start(stage, start_relay, security, **environment):
    # Tansu's groups are formed within half a session. A relay that is refused waits at its end for a group to leave.
    config = stage.config(kafka={"session.timeout.ms": 2000, **security}, relay={"shutdown_grace": 1})
    return start_relay(config, stage.environment | environment)


def test_mutual_tls(mutual_tls, simulator, start_relay):
    with Stage(mutual_tls, simulator) as stage:
        relay = start(stage, start_relay, mutual_tls.client_settings).wait_until_ready()

        assert stage.reply(stage.ask()).text("x-relay-status") == "200"
        mutual_tls.front.wait_for_line("certificate client")
        assert relay.terminate() == 0


def test_a_server_that_the_ca_does_not_know_is_not_talked_to(mutual_tls, simulator, start_relay, certificates):
    with Stage(mutual_tls, simulator) as stage:
        settings = mutual_tls.client_settings | {"ssl.ca.location": str(certificates / "other-ca.pem")}
        relay = start(stage, start_relay, settings)

        relay.wait_for_line("certificate verify failed")
        assert relay.get("/readyz").status_code == 503


@pytest.mark.parametrize("mechanism", SASL_USERS)
def test_names_and_passwords(sasl_tls, simulator, start_relay, certificates, mechanism):
    with Stage(sasl_tls, simulator) as stage:
        security = {
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(certificates / "ca.pem"),
            "sasl.mechanisms": mechanism,
            "sasl.username": "relay",
            "sasl.password": "${KAFKA_PASSWORD}",
        }
        relay = start(stage, start_relay, security, KAFKA_PASSWORD="relay-password").wait_until_ready()

        assert stage.reply(stage.ask()).text("x-relay-status") == "200"
        sasl_tls.front.wait_for_line(f"login {mechanism} relay")
        assert relay.terminate() == 0
        assert "relay-password" not in "\n".join(relay.lines)


@pytest.mark.parametrize("mechanism", SASL_USERS)
def test_a_wrong_password_is_told_and_does_not_end_the_program(
    sasl_tls, simulator, start_relay, certificates, mechanism
):
    with Stage(sasl_tls, simulator) as stage:
        security = {
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(certificates / "ca.pem"),
            "sasl.mechanisms": mechanism,
            "sasl.username": "relay",
            "sasl.password": "marked-wrong",
        }
        relay = start(stage, start_relay, security)

        relay.wait_for_line("SASL authentication error: wrong name or password")
        line = relay.wait_for_line('.*"event":"kafka",.*AUTHENTICATION.*')[0]
        # With SCRAM it may not be the password: librdkafka before 2.6.1 and brokers before 3.8.1 (#4895).
        assert ("3.8.1" in line) == mechanism.startswith("SCRAM")
        assert relay.is_running
        assert relay.get("/readyz").status_code == 503
        assert "marked" not in "\n".join(relay.lines)


def test_tokens_of_librdkafka_s_own(sasl_tls, simulator, start_relay, certificates):
    """OAUTHBEARER with unsecured tokens, as librdkafka makes them for tests."""
    with Stage(sasl_tls, simulator) as stage:
        security = {
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(certificates / "ca.pem"),
            "sasl.mechanisms": "OAUTHBEARER",
            "enable.sasl.oauthbearer.unsecure.jwt": True,
            "sasl.oauthbearer.config": "principal=relay",
        }
        start(stage, start_relay, security).wait_until_ready()

        assert stage.reply(stage.ask()).text("x-relay-status") == "200"


def test_msk_iam(sasl_tls, simulator, start_relay, certificates):
    with Stage(sasl_tls, simulator) as stage:
        security = {
            "ssl.ca.location": str(certificates / "ca.pem"),
            "sasl.mechanisms": "AWS_MSK_IAM",
        }
        credentials = {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "session/token+=="}
        relay = start(stage, start_relay, security, **credentials).wait_until_ready()

        assert stage.reply(stage.ask()).text("x-relay-status") == "200"
        relay.terminate()
        text = "\n".join(relay.lines)
        assert SECRET not in text
        assert "session/token" not in text

    tokens = [line.split()[2] for line in sasl_tls.front.lines if line.startswith("login OAUTHBEARER")]
    urls = [decode(token) for token in tokens]
    signed = [url for url in urls if url.startswith("https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster")]
    assert len(signed) >= 2  # a producer's and a consumer's
    for url in signed:
        check_signature(url)


def decode(token):
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except ValueError:
        return ""  # one of another test's


def check_signature(url):
    """What a broker computes, from AWS's description of Signature Version 4."""
    query = url.partition("?")[2]
    signed, _, rest = query.partition("&X-Amz-Signature=")
    signature, _, agent = rest.partition("&User-Agent=")
    values = dict(urllib.parse.parse_qsl(signed))
    assert agent
    assert values["X-Amz-Expires"] == "900"
    assert values["X-Amz-Security-Token"] == "session/token+=="
    access_key, scope = values["X-Amz-Credential"].split("/", 1)
    assert access_key == "AKIDEXAMPLE"
    request = f"GET\n/\n{signed}\nhost:kafka.us-east-1.amazonaws.com\n\nhost\n{hashlib.sha256().hexdigest()}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{values['X-Amz-Date']}\n{scope}\n{digest}"
    assert signature == hmac.digest(key, text.encode(), "sha256").hex()


@pytest.mark.parametrize(
    ("kafka", "environment", "problem"),
    [
        ({}, {"AWS_REGION": ""}, "needs the cluster's region"),
        ({}, {"AWS_SECRET_ACCESS_KEY": ""}, "without a secret key"),
        ({"security.protocol": "PLAINTEXT"}, {}, "expected SASL_SSL"),
    ],
)
def test_msk_iam_that_cannot_work_is_refused_at_the_start(stage, start_relay, kafka, environment, problem):
    relay = start(stage, start_relay, {"sasl.mechanisms": "AWS_MSK_IAM", **kafka}, **environment)

    assert relay.wait(10) == 2
    (line,) = [line for line in relay.lines if "kafka." in line]
    assert problem in line
