"""Writes requests, whatever the brokers do, each under an id that is in one record only."""

import json

from confluent_kafka import KafkaError, KafkaException, Producer


class LoadWriter:
    """An idempotent producer. When the broker's faults end it, a new one writes what was not acknowledged, under new ids:
    the old records may be there all the same.
    """

    def __init__(self, address, topic, is_over, may_run):
        """Gives up when `is_over` is set; nothing is on its way to the broker while somebody else holds `may_run`."""
        self._address = address
        self._topic = topic
        self._is_over = is_over
        self._may_run = may_run
        self._count = 0
        self._unacknowledged = {}  # id: (key, make_body)
        self._is_broken = False
        self._producer = self._make()

    def write(self, key, make_body):
        """`make_body`: from the record's id to the body."""
        with self._may_run:
            if self._is_broken:
                self._start_anew()
            self._produce(key, make_body)
            self._serve(0)

    def finish(self):
        """Returns when all is acknowledged, or the test is over."""
        while self._unacknowledged and not self._is_over.is_set():
            self._serve(0.1)
            if self._is_broken:
                self._start_anew()

    def _make(self):
        return Producer({
            "bootstrap.servers": self._address,
            "enable.idempotence": True,
            "delivery.timeout.ms": 120_000,
            "reconnect.backoff.max.ms": 500,
            "linger.ms": 5,
            "log_level": 0,
            "error_cb": self._note_error,
        })

    def _note_error(self, error):
        if error.code() == KafkaError._FATAL:
            self._is_broken = True

    def _produce(self, key, make_body):
        self._count += 1
        id = f"r{self._count}"
        self._unacknowledged[id] = (key, make_body)

        def note(error, _):
            if error is None:
                self._unacknowledged.pop(id, None)
            else:
                self._is_broken = True

        body = json.dumps(make_body(id)).encode()
        try:
            self._producer.produce(self._topic, body, key, on_delivery=note)
        except KafkaException:
            self._is_broken = True

    def _serve(self, seconds):
        try:
            self._producer.poll(seconds)
        except KafkaException:  # a fatal error is raised in spite of the callback
            self._is_broken = True

    def _start_anew(self):
        self._producer.purge()
        self._serve(0)
        self._is_broken = False
        self._producer = self._make()
        unacknowledged, self._unacknowledged = self._unacknowledged, {}
        for key, make_body in unacknowledged.values():
            self._produce(key, make_body)
