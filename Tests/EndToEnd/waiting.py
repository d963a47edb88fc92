"""Waiting for what can be observed."""

import time


def wait_until(is_so, what, timeout=20, interval=0.02):
    """Polls `is_so` until it returns something true, which is the result."""
    deadline = time.monotonic() + timeout
    while not (result := is_so()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(interval)
    return result
