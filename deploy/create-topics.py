#!/usr/bin/env python3
"""Creates the relay's topics, and the ACLs of the principals that are named.

Safe to run again: what is there is left as it is, and what differs from the plan is said. Needs the Python package
confluent-kafka, and rights to create topics (and ACLs).

    deploy/create-topics.py --bootstrap-servers localhost:9092
    deploy/create-topics.py --bootstrap-servers broker:9094 --command-config admin.properties \\
        --replication-factor 3 --relay-principal User:relay --client-principal User:shop
"""

import argparse
import dataclasses
import os
import sys

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

DAY = 24 * 3600 * 1000
# Conversations with images are megabytes; the relay's own limit is librdkafka's message.max.bytes.
LARGEST_RECORD = 8 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    config: dict[str, str]


def planned_topics(options):
    """The topics with their settings; why each is as it is stands beside it."""

    def conversations(days):
        return {"cleanup.policy": "delete", "retention.ms": str(days * DAY), "max.message.bytes": str(LARGEST_RECORD)}

    topics = [
        # A week: longer than any outage that requests should outlive.
        Topic(options.request_topic, options.partitions, conversations(days=7)),
        # Read at once, or not at all.
        Topic(options.reply_topic, options.partitions, conversations(days=1)),
        # As many partitions as the requests have: tools put a dead letter into its request's partition.
        Topic(options.dead_letter_topic, options.partitions, conversations(days=14)),
        # Small records, no prompts.
        Topic(options.metrics_topic, 3, {"cleanup.policy": "delete", "retention.ms": str(3 * DAY)}),
    ]
    if options.otlp_metrics_topic:
        topics.append(Topic(options.otlp_metrics_topic, 1, {"cleanup.policy": "delete", "retention.ms": str(DAY)}))
    if options.state_topic:
        # Usage is worth something for a minute, cool-downs for their length: a new instance reads the last hour.
        topics.append(Topic(options.state_topic, 1, {"cleanup.policy": "delete", "retention.ms": str(DAY // 24)}))
    if options.replication_factor >= 3:
        # A record is acknowledged when two brokers have it: one may fail without loss or standstill.
        topics = [dataclasses.replace(topic, config={**topic.config, "min.insync.replicas": "2"}) for topic in topics]
    return topics


def planned_acls(options):
    """Least rights (allowed operations) for the relay, and for the services that ask it."""

    def allow(principal, kind, name, *operations, pattern=ResourcePatternType.LITERAL):
        return [
            AclBinding(kind, name, pattern, principal, "*", operation, AclPermissionType.ALLOW)
            for operation in operations
        ]

    read, write, describe = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE
    prefixed = ResourcePatternType.PREFIXED
    acls = []
    for principal in options.relay_principal:
        acls += allow(principal, ResourceType.TOPIC, options.request_topic, read, describe)
        acls += allow(principal, ResourceType.GROUP, options.group, read, describe)
        # Prefixed: also the reply topics of single clients, chat.replies.shop and the like.
        acls += allow(principal, ResourceType.TOPIC, options.reply_topic, write, describe, pattern=prefixed)
        for topic in (options.metrics_topic, options.dead_letter_topic, options.otlp_metrics_topic):
            if topic:
                acls += allow(principal, ResourceType.TOPIC, topic, write, describe)
        if options.state_topic:
            acls += allow(principal, ResourceType.TOPIC, options.state_topic, read, write, describe)
        # delivery: exactly_once.
        acls += allow(principal, ResourceType.TRANSACTIONAL_ID, options.group, write, describe, pattern=prefixed)
    for principal in options.operator_principal:  # `bedrock-relay redrive`
        acls += allow(principal, ResourceType.TOPIC, options.dead_letter_topic, read, describe)
        acls += allow(principal, ResourceType.TOPIC, options.request_topic, write, describe)
        acls += allow(principal, ResourceType.GROUP, f"{options.group}.redrive", read, describe)
        acls += allow(principal, ResourceType.TRANSACTIONAL_ID, f"{options.group}.redrive", write, describe)
    for principal in options.client_principal:
        acls += allow(principal, ResourceType.TOPIC, options.request_topic, write, describe)
        acls += allow(principal, ResourceType.TOPIC, options.reply_topic, read, describe)
    return acls


def create_topics(admin, topics, replication_factor, timeout):
    """Creates what is missing. Returns whether everything is as planned or was left for a reason that was said."""
    existing = admin.list_topics(timeout=timeout).topics
    missing = []
    for topic in topics:
        if topic.name not in existing:
            missing.append(NewTopic(topic.name, topic.partitions, replication_factor, config=topic.config))
            continue
        partitions = len(existing[topic.name].partitions)
        note = "" if partitions == topic.partitions else f" (planned: {topic.partitions}; adding some would move keys)"
        print(f"{topic.name}: exists with {partitions} partitions{note}")
    is_good = True
    for name, result in (admin.create_topics(missing, request_timeout=timeout) if missing else {}).items():
        try:
            result.result()
            print(f"{name}: created")
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:  # somebody else was faster
                print(f"{name}: exists")
            else:
                print(f"{name}: {error.args[0].str()}", file=sys.stderr)
                is_good = False
    return is_good


def create_acls(admin, acls, timeout):
    is_good = True
    for acl, result in (admin.create_acls(acls, request_timeout=timeout) if acls else {}).items():
        try:
            result.result()
            print(f"{acl_text(acl)}: allowed")
        except KafkaException as error:
            print(f"{acl_text(acl)}: {error.args[0].str()}", file=sys.stderr)
            is_good = False
    return is_good


def acl_text(acl):
    star = "*" if acl.resource_pattern_type == ResourcePatternType.PREFIXED else ""
    return f"{acl.principal} {acl.operation.name} {acl.restype.name} {acl.name}{star}"


def read_properties(path):
    """A client's `key=value` file: librdkafka's names, as in the relay's kafka section."""
    properties = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            key, equals, value = line.partition("=")
            if not equals:
                raise SystemExit(f"{path}:{number}: expected key=value")
            properties[key.strip()] = value.strip()
    return properties


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )

    def topic(option, variable, default, text):
        parser.add_argument(option, default=os.environ.get(variable) or default, metavar="NAME", help=text)

    brokers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or "localhost:9092"
    parser.add_argument("--bootstrap-servers", default=brokers, metavar="HOST:PORT,...", help=f"default: {brokers}")
    parser.add_argument("--timeout", type=float, default=30, metavar="SECONDS", help="for a broker's answer (default: 30)")
    parser.add_argument("--command-config", metavar="FILE", help="key=value lines: TLS, SASL (librdkafka's names)")
    topic("--request-topic", "RELAY_REQUEST_TOPIC", "chat.requests", "default: chat.requests")
    topic("--reply-topic", "RELAY_REPLY_TOPIC", "chat.replies", "default: chat.replies")
    topic("--metrics-topic", "RELAY_METRICS_TOPIC", "chat.routing.metrics", "default: chat.routing.metrics")
    topic("--dead-letter-topic", "RELAY_DEAD_LETTER_TOPIC", "chat.requests.dlq", "default: chat.requests.dlq")
    topic("--otlp-metrics-topic", "RELAY_OTLP_METRICS_TOPIC", None, "default: none")
    topic("--state-topic", "RELAY_STATE_TOPIC", None, "default: none")
    parser.add_argument("--partitions", type=int, default=12, help="of requests, replies and dead letters; default: 12")
    parser.add_argument("--replication-factor", type=int, default=1, help="3 in production; default: 1")
    topic("--group", "RELAY_GROUP_ID", "bedrock-relay", "the relay's consumer group; default: bedrock-relay")
    for who, what in (
        ("relay", "runs the relay"),
        ("client", "sends requests and reads replies"),
        ("operator", "redrives dead letters"),
    ):
        option = f"--{who}-principal"
        parser.add_argument(option, action="append", default=[], metavar="User:NAME", help=f"who {what}; repeatable")
    parser.add_argument("--dry-run", action="store_true", help="print the plan, ask no broker")
    options = parser.parse_args(arguments)
    if options.partitions < 1 or options.replication_factor < 1:
        parser.error("--partitions and --replication-factor are at least 1")
    return options


def main(arguments=None):
    options = parse(arguments)
    topics, acls = planned_topics(options), planned_acls(options)
    if options.dry_run:
        for topic in topics:
            settings = " ".join(f"{key}={value}" for key, value in topic.config.items())
            print(f"topic {topic.name} partitions={topic.partitions} {settings}")
        for acl in acls:
            print(f"acl {acl_text(acl)}")
        return 0
    properties = read_properties(options.command_config) if options.command_config else {}
    # librdkafka's log tells of its housekeeping, and of each attempt to connect: the last error is enough, said once.
    errors = []
    client = {"log_level": 0, "error_cb": lambda error: errors.append(error.str())}
    admin = AdminClient({**client, **properties, "bootstrap.servers": options.bootstrap_servers})
    try:
        topics_are_good = create_topics(admin, topics, options.replication_factor, options.timeout)
        return 0 if create_acls(admin, acls, options.timeout) and topics_are_good else 1
    except KafkaException as error:
        admin.poll(0)  # delivers `errors`
        print(f"create-topics: {error.args[0].str()}{f'; {errors[-1]}' if errors else ''}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
