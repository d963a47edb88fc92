"""Headless Chromium, driven through chromedriver as the W3C WebDriver specification says."""

import base64
import re
import shutil
import time

import requests

from child_process import ChildProcess
from waiting import patient


class Browser:
    """One window. `width`, `height`: of what is shown; `dark`: what the page is told of the user's preference."""

    def __init__(self, width=1200, height=900, dark=False):
        assert shutil.which("chromedriver"), "chromedriver is missing: run deploy/install-dependencies.sh --test"
        self.process = ChildProcess("chromedriver", ["chromedriver", "--port=0"])
        try:
            port = self.process.wait_for_line(r"successfully on port (\d+)", timeout=30)[1]
            self.url = f"http://127.0.0.1:{port}/session"
            options = {
                # CI is root in a container: Chromium's sandbox does not work there.
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"],
            }
            capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = self._ask("POST", "", {"capabilities": {"alwaysMatch": capabilities}})
            self.url += "/" + session["sessionId"]
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            self._devtools("Emulation.setEmulatedMedia", features=[scheme])
            self._devtools(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
            )
        except BaseException:
            self.process.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", "")
        finally:
            self.process.stop()

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """What `script` returns in the page."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait_for(self, script, what, timeout=20):
        """Polls until `script` returns something true, which is the result."""
        deadline = time.monotonic() + patient(timeout)
        while not (result := self.run(script)):
            assert time.monotonic() < deadline, f"not within {timeout} s: {what}\n{self.text()}"
            time.sleep(0.1)
        return result

    def text(self, selector="body"):
        """What a person reads there, with single blanks."""
        text = self.run("return document.querySelector(arguments[0]).innerText", selector)
        return re.sub(r"\s+", " ", text)

    def complaints(self):
        """What the console says is wrong: errors, and what the content security policy refused."""
        entries = self._ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def loaded(self):
        """The addresses of everything that the page has loaded."""
        return self.run("return performance.getEntriesByType('resource').map(entry => entry.name)")

    def screenshot(self, path):
        """The whole page as a PNG."""
        shot = self._devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _devtools(self, command, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _ask(self, method, path, body=None):
        answer = requests.request(method, self.url + path, json=body, timeout=60)
        value = answer.json()["value"]
        assert answer.ok, f"{method} {path}: {value}"
        return value
