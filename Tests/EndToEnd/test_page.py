"""The live page at /, in a browser."""

import os
import pathlib
import re

import pytest
import requests

from browser import Browser
from stage import HAIKU, SONNET, Stage, chat, deployment

# Where to leave screenshots for people; without it they go with the test.
SHOTS = os.environ.get("PAGE_SCREENSHOTS")


@pytest.fixture(scope="module")
def relay(noida, shared_simulator, start_shared_relay):
    """After answers, retries, fallbacks, failures and refusals; one deployment cools down, one is at its limit, and two
    requests are in flight."""
    shared_simulator.script(
        **{
            "anthropic.claude-3-haiku*": {"input-tokens": 400, "output-tokens": 120, "latency": "20..200ms"},
            "anthropic.claude-3-5*": {"input-tokens": 900, "output-tokens": 350, "latency": "100..400ms"},
            "anthropic.broken*": {"steps": "503"},
            "amazon.slow*": {"latency": "60000ms"},
            "anthropic.denied*": {"steps": "403/AccessDeniedException"},
        }
    )
    with Stage(noida, shared_simulator, partitions=4) as stage:
        config = stage.config(
            [
                deployment("claude", SONNET, rpm=600, tpm=400_000, model_info={"id": "sonnet-us-east-1"}),
                deployment("claude", HAIKU, rpm=10_000, max_parallel_requests=50, model_info={"id": "haiku-us-east-1"}),
                deployment("quick", HAIKU, rpm=12, aws_region_name="eu-west-1", model_info={"id": "haiku-eu-west-1"}),
                deployment("fragile", "anthropic.broken-v1:0", model_info={"id": "broken-1"}),
                deployment("denied", "anthropic.denied-v1:0", model_info={"id": "denied-1"}),
                deployment("slow", "amazon.slow-v1:0", max_parallel_requests=2, model_info={"id": "slow-1"}),
            ],
            relay={"shutdown_grace": 1},  # the two in flight take a minute
            router_settings={
                "routing_strategy": "latency-based-routing",
                "fallbacks": [{"fragile": ["claude"]}],
                "allowed_fails": 3,
                "cooldown_time": 600,
                "num_retries": 1,
                "optional_pre_call_checks": ["enforce_model_rate_limits"],
            },
        )
        relay = start_shared_relay(config, stage.environment).wait_until_ready()
        models = ["claude"] * 60 + ["quick"] * 12 + ["fragile"] * 8 + ["denied"] * 2 + ["gpt-9<b>"] * 3
        sent = stage.submit_all([(None, chat(model=model), ()) for model in models])
        sent.append(stage.submit(b"{nonsense"))
        stage.answers(sent)
        for _ in range(2):
            stage.ask(model="slow")
        relay.wait_until(lambda: relay.metric("deployment_requests_in_flight", deployment="slow-1") == 2, "busy")
        yield relay


def shown(relay, **window):
    """A browser that shows the page with numbers in it."""
    browser = Browser(**window)
    try:
        browser.open(relay.admin_url + "/")
        browser.wait_for("return document.body.dataset.shown === 'yes'", "shown")
    except BaseException:
        browser.__exit__()
        raise
    return browser


def shoot(browser, name, tmp_path):
    path = pathlib.Path(SHOTS or tmp_path) / f"{name}.png"
    browser.screenshot(path)
    assert path.stat().st_size > 20_000


@pytest.fixture(scope="module")
def browser(relay):
    with shown(relay) as browser:
        yield browser


def test_it_tells_what_is_going_on(browser):
    tiles = browser.text("#tiles")

    assert browser.text("#state") == "running"
    assert re.search(r"Throughput [\d.]+/s", tiles)
    assert re.search(r"Latency p50 \d+(\.\d+)? m?s", tiles)
    assert re.search(r"Failed \d", tiles)
    assert "In flight 2" in tiles
    assert re.search(r"Cost \$[\d.]+/h", tiles)


def test_it_tells_throughput_latency_tokens_and_cost_of_each_group(browser):
    rows = browser.run(
        "return [...document.querySelectorAll('#groups tbody tr')].map(tr => [...tr.cells].map(td => td.innerText))"
    )
    groups = {row[0]: row for row in rows}

    assert {"claude", "quick", "fragile", "denied", "slow", "(not a group)"} <= set(groups)
    claude = groups["claude"]
    assert float(claude[1]) > 0
    assert claude[2] == "0 %"
    assert all(re.fullmatch(r"[\d.]+ m?s", text) for text in claude[3:6])
    assert claude[8] != "0" and claude[9] != "0"
    assert claude[10].startswith("$")
    assert groups["denied"][2] == "100 %"


def test_it_tells_the_state_of_each_deployment(browser):
    cards = browser.run(
        "return [...document.querySelectorAll('#deployments article')].map(card => card.innerText.replace(/\\s+/g, ' '))"
    )
    by_id = {re.search(r"\b(\w+-\w+(?:-\w+-\d)?) Requests this", card)[1]: card for card in cards}

    assert "available" in by_id["sonnet-us-east-1"]
    assert re.search(r"Requests this minute \d+ of 600", by_id["sonnet-us-east-1"])
    assert re.search(r"Tokens this minute .* of 400 k", by_id["sonnet-us-east-1"])
    assert re.search(r"Latency estimate [\d.]+ [mµ]?s / token", by_id["sonnet-us-east-1"])
    assert re.search(r"cooling down, \d+ min left", by_id["broken-1"])
    assert "ServiceUnavailable" in by_id["broken-1"]
    assert "at its limit" in by_id["slow-1"]
    assert "In flight 2 of 2" in by_id["slow-1"]


def test_it_tells_lag_and_requests_in_flight_of_each_partition(browser):
    rows = browser.run(
        "return [...document.querySelectorAll('#partitions tbody tr')].map(tr => [...tr.cells].map(td => td.innerText))"
    )

    assert [row[0].split(" / ")[1] for row in rows] == ["0", "1", "2", "3"]
    assert sum(int(row[2]) for row in rows) == 2


def test_it_tells_recent_errors_in_words_and_puts_nothing_in_as_markup(browser):
    failures = browser.text("#failures")

    assert "gpt-9<b>: 404" in failures or "gpt-9<b>: 400" in failures
    assert "3 times, last" in failures
    assert "denied: 403" in failures
    assert "anthropic.denied-v1:0 answered 403" in failures
    assert "a request: 400 invalid request error" in failures


def test_it_loads_nothing_from_elsewhere_and_the_browser_has_no_complaint(browser, relay):
    assert browser.complaints() == []
    assert {re.sub(r".*/", "", address) for address in browser.loaded()} == {"page.css", "page.js", "status.json"}
    assert all(address.startswith(relay.admin_url + "/") for address in browser.loaded())


def test_the_policy_lets_nothing_else_run(browser):
    assert browser.run(
        """
        const script = document.createElement('script');
        script.textContent = 'window.injected = true';
        document.body.append(script);
        return window.injected === undefined;
        """
    )
    policy = requests.get(browser.run("return location.href"), timeout=10).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    browser.complaints()  # the refusal, which this test asked for


@pytest.mark.parametrize(
    "name, window",
    [
        ("light", {"width": 1200}),
        ("dark", {"width": 1200, "dark": True}),
        ("phone", {"width": 390, "height": 844}),
        ("phone-dark", {"width": 390, "height": 844, "dark": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_is_readable(relay, tmp_path, name, window):
    with shown(relay, **window) as browser:
        # Nothing sticks out to the side.
        assert browser.run("return window.innerWidth") == window["width"]  # a phone shows more when something sticks out
        assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
        ground, text = (
            browser.run("return getComputedStyle(document.body)[arguments[0]]", name)
            for name in ("backgroundColor", "color")
        )
        assert (brightness(ground) < 60 < 200 < brightness(text)) if window.get("dark") else (
            brightness(text) < 60 < 200 < brightness(ground)
        )
        assert contrasts(browser) == []
        shoot(browser, name, tmp_path)


def brightness(colour):
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3


def contrasts(browser):
    """Texts that stand out too little from their ground: WCAG's 4.5 to 1."""
    return browser.run(
        """
        const channel = (value) => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
        const luminance = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
          return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
        const ground = (node) => { for (; node; node = node.parentElement) {
          const colour = getComputedStyle(node).backgroundColor; if (!colour.startsWith('rgba(0, 0, 0, 0')) return colour; }
          return 'rgb(255, 255, 255)'; };
        const poor = [];
        for (const node of document.querySelectorAll('body *')) {
          if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
          if (!node.getClientRects().length || node.closest('noscript')) continue;
          const [a, b] = [luminance(getComputedStyle(node).color), luminance(ground(node))];
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (ratio < 4.5) poor.push(`${node.className || node.tagName}: ${node.textContent.slice(0, 30)} ${ratio.toFixed(1)}`);
        }
        return poor;
        """
    )


def test_a_relay_without_traffic_has_a_page_too(stage, start_relay):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()
    with shown(relay) as browser:
        assert "None since this instance started." in browser.text("#failures")
        assert browser.text("#state") == "running"
        assert browser.complaints() == []
        relay.terminate()
        browser.wait_for("return document.querySelector('#state').innerText === 'no connection'", "told")
        assert "does not answer" in browser.text("#notice")
