"""The log: fields whose names stay, lines about requests that can be found by their ids, and no flood."""

import re

from stage import deployment

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01".encode()


def test_a_failed_request_can_be_found_by_its_ids(stage, start_relay):
    stage.simulator.script(**{"*": {"steps": "500"}})
    config = stage.config([deployment("claude", num_retries=0, model_info={"id": "haiku-1"})])
    relay = start_relay(config, stage.environment).wait_until_ready()

    request = stage.ask(headers=[("correlation-id", b"c-42"), ("traceparent", PARENT)])
    stage.event(request)

    relay.wait_for_line('"event":"request failed"')
    (line,) = relay.events("request failed")
    assert line["level"] == "warning"
    assert (line["correlation_id"], line["trace_id"], line["source"]) == ("c-42", TRACE, request.source)
    assert (line["model_group"], line["deployment_id"], line["status"]) == ("claude", "haiku-1", 500)
    assert line["reason"]
    assert list(line)[:3] == ["time", "level", "event"]


def test_an_answered_request_is_told_at_debug_level(stage, start_relay):
    relay = start_relay(stage.config(relay={"log_level": "debug"}), stage.environment).wait_until_ready()

    request = stage.ask(headers=[("correlation-id", b"c-42"), ("traceparent", b"00-zz-bad-01")])
    stage.event(request)

    relay.wait_for_line('"event":"request answered"')
    (line,) = relay.events("request answered")
    assert (line["correlation_id"], line["source"], line["model_group"]) == ("c-42", request.source, "claude")
    assert "trace_id" not in line


def test_repeats_are_counted_instead_of_written(stage, start_relay):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()

    for request in [stage.submit(b"nope") for _ in range(50)]:
        stage.event(request)

    assert relay.terminate() == 0  # the counts of open windows are written at the end
    lines = relay.events("request failed")
    written = [line for line in lines if "correlation_id" in line]
    counted = [line for line in lines if "suppressed" in line]
    assert 5 <= len(written) <= 10  # five in each window of ten seconds
    assert len(written) + sum(line["suppressed"] for line in counted) == 50
    assert counted[0]["limited_by"] == "400 invalid_request_error"


def test_text_is_for_people(stage, start_relay):
    relay = start_relay(stage.config(relay={"log_format": "text"}), stage.environment)
    relay.wait_for_line("partitions assigned")
    request = stage.submit(b"nope", headers=[("correlation-id", b"with blank")])
    stage.event(request)

    line = relay.wait_for_line("request failed.*")[0]

    assert 'correlation_id="with blank"' in line
    assert f"source={request.source}" in line
    assert all(re.match(r"20\d\d-\d\d-\d\dT[\d:.]+Z [A-Z]+ +\S", line) for line in relay.lines)
