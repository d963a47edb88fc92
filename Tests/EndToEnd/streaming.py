"""What tests of streamed replies look at."""


def stream(stage, request, topic=None, timeout=30):
    """All records of the streamed reply to `request`, once its last is there; numbered and on one partition."""

    def matches(record):
        return ("x-relay-source", request.source.encode()) in record.headers

    reader = stage.reader(topic or stage.reply_topic)
    reader.wait_for(
        lambda record: matches(record) and "x-relay-stream-end" in record.names, "the end", timeout=timeout
    )
    records = [record for record in reader.records if matches(record)]
    indices = [record.text("x-relay-stream-index") for record in records]
    wrong = [place for place, index in enumerate(indices) if index != str(place)]
    assert not wrong, f"{len(wrong)} of {len(indices)} out of place, around the first: {indices[wrong[0] - 3:wrong[0] + 3]}"
    assert ["x-relay-stream-end" in record.names for record in records] == [False] * (len(records) - 1) + [True]
    assert records[-1].text("x-relay-stream-end") == "true"
    assert len({(record.partition, record.key) for record in records}) == 1
    return records


def content(records):
    return [
        choice["delta"]["content"]
        for record in records
        if record.text("x-relay-status") == "200" and record.value != b"[DONE]"
        for choice in record.json()["choices"]
        if choice["delta"].get("content") is not None
    ]


def resident_kilobytes(relay):
    status = open(f"/proc/{relay.process.pid}/status").read()
    return int(status.split("VmRSS:")[1].split()[0])
