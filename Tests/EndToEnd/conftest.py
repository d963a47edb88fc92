"""Fixtures of the end-to-end tests: brokers, the Bedrock simulator, the relay, kcat. Everything ends with its test."""

import contextlib
import os
import pathlib
import shutil

import pytest

from brokers import Noida, Tansu
from kcat import Kcat
from relay import Relay
from simulator import Simulator

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary(name):
    """An executable of ours: from the folder RELAY_BIN, else from the release build."""
    path = pathlib.Path(os.environ.get("RELAY_BIN") or ROOT / ".build" / "release") / name
    assert path.is_file(), f"{path} is missing: run make release, or set RELAY_BIN"
    return path


@pytest.fixture(scope="session")
def noida(tmp_path_factory):
    """One noida broker for all tests that do not stop it: use topic names of your own."""
    with Noida(tmp_path_factory.mktemp("noida")) as broker:
        yield broker


@pytest.fixture(scope="session")
def tansu():
    """One Tansu broker for all tests that do not stop it: use topic names of your own."""
    with Tansu() as broker:
        yield broker


@pytest.fixture
def broker(request):
    """The broker that a test's parameter names: parametrize with indirect=True."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def simulator():
    with Simulator(binary("bedrock-simulator"), "--keep-journal") as simulator:
        yield simulator


@pytest.fixture
def start_relay(tmp_path):
    """`start_relay(config, environment=None, name=...)` returns a running relay; call `wait_until_ready` on it."""
    with contextlib.ExitStack() as stack:

        def start(config, environment=None, name="bedrock-relay"):
            return stack.enter_context(Relay(binary("bedrock-relay"), config, tmp_path, environment, name))

        yield start


@pytest.fixture
def kcat():
    """`kcat(address)`: the system's kcat, pointed at a broker."""
    assert shutil.which("kcat"), "kcat is missing: run deploy/install-dependencies.sh --test"
    return Kcat
