"""Waiting for what can be observed."""

import os
import time


def patient(seconds):
    """How long to wait before giving up. Under a sanitizer programs take several times as long: TEST_PATIENCE says how many."""
    return seconds * float(os.environ.get("TEST_PATIENCE", "1"))


def wait_until(is_so, what, timeout=20, interval=0.02):
    """Polls `is_so` until it returns something true, which is the result."""
    deadline = time.monotonic() + patient(timeout)
    while not (result := is_so()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(interval)
    return result
