"""Fixtures of the end-to-end tests: brokers, the Bedrock simulator, the relay, kcat. Everything ends with its test."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import pytest

from brokers import Noida, Tansu
from child_process import ChildProcess
from kcat import Kcat
from relay import Relay
from simulator import Simulator
from stage import Stage

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


@pytest.fixture
def own_noida(tmp_path):
    """`start()` starts a broker on always the same folder and port; `stop` it, and `start` again keeps the data."""
    with contextlib.ExitStack() as stack:
        port = None

        def start():
            nonlocal port
            broker = stack.enter_context(Noida(tmp_path / "noida", port))
            port = broker.port
            return broker

        yield start


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
    """`start_relay(config, environment=None, name=..., files=())` returns a running relay; call `wait_until_ready`."""
    with relay_starter(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_relay(tmp_path_factory):
    """As `start_relay`, for relays that all tests of a module use."""
    with relay_starter(tmp_path_factory.mktemp("relay")) as start:
        yield start


@contextlib.contextmanager
def relay_starter(folder):
    relays = []

    def start(config, environment=None, name="bedrock-relay", files=()):
        relays.append(Relay(binary("bedrock-relay"), config, folder, environment, name, files))
        return relays[-1]

    try:
        yield start
    finally:
        for relay in relays:  # all at once: leaving a group takes its time
            relay.process.terminate()
        for relay in relays:
            try:
                relay.wait(10)
            except subprocess.TimeoutExpired:
                relay.kill()


@pytest.fixture(scope="module")
def shared_simulator():
    """One simulator for all tests of a module."""
    with Simulator(binary("bedrock-simulator"), "--keep-journal") as simulator:
        yield simulator


@pytest.fixture
def relay(relay_and_stage):
    """Of a module whose own fixture `relay_and_stage` starts one for all its tests."""
    return relay_and_stage[0]


@pytest.fixture
def stage(noida, simulator):
    """Topics on noida and a simulator, for one test."""
    with Stage(noida, simulator) as stage:
        yield stage


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    ChildProcess.started[:] = [process for process in ChildProcess.started if process.is_running]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its programs printed last."""
    report = yield
    if report.failed:
        report.sections += [(process.name, process.report()) for process in ChildProcess.started]
    return report


@pytest.fixture
def kcat():
    """`kcat(address)`: the system's kcat, pointed at a broker."""
    assert shutil.which("kcat"), "kcat is missing: run deploy/install-dependencies.sh --test"
    return Kcat
