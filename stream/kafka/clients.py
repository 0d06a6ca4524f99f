"""The Kafka clients of all commands: where they are made, and what aiokafka needs for it.

Every client of this project comes from here, so that each has the project's client id, reads only
what was committed, and creates no topic. Work-arounds for aiokafka belong here too, each with its
reason:

- aiokafka 0.14 lets the broker create each topic that it asks for: `MetadataRequest` has the
  argument `allow_auto_topic_creation`, but no client passes it, and its default is to allow
  (https://github.com/aio-libs/aiokafka/blob/v0.14.0/aiokafka/protocol/metadata.py). On a broker
  with Kafka's default ``auto.create.topics.enable=true`` a worker that starts first would create
  its topics with one partition, for good. `deny_topic_creation` changes the default, for all
  clients of the process: consumers, producers and admin clients share that class.
- aiokafka 0.14 reads the answer to version 3 of DescribeGroups by the form of version 2, and fails
  (https://github.com/aio-libs/aiokafka/blob/v0.14.0/aiokafka/protocol/admin.py).
  `correct_group_descriptions` gives that request its own form.
"""

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import DescribeGroupsRequest_v3, DescribeGroupsResponse_v3
from aiokafka.protocol.metadata import MetadataRequest

from stream.worker_name import worker_name

METADATA_MS_MAX: Final = 5_000
"""How old a client's knowledge of topics and partitions may be; aiokafka's default is 5 min."""
ADMIN_TIMEOUT_MS: Final = 10_000


def deny_topic_creation() -> None:
    """Make no client of this process create a topic by asking for it (Kafka 0.11 or later)."""
    MetadataRequest.__init__.__defaults__ = (None, False)


def correct_group_descriptions() -> None:
    """Make `describe_consumer_groups` work with brokers that know version 3 of it."""
    DescribeGroupsRequest_v3.RESPONSE_TYPE = DescribeGroupsResponse_v3


deny_topic_creation()
correct_group_descriptions()


def client_id() -> str:
    """How the brokers name this process in logs, metrics and quotas: floorwatch-<host>-<pid>."""
    return f"floorwatch-{worker_name()}"


def addresses(brokers: str) -> list[str]:
    """The addresses in "host:port, host:port"."""
    return [address.strip() for address in brokers.split(",")]


def new_consumer(brokers: str, **options: Any) -> AIOKafkaConsumer:  # noqa: ANN401 - aiokafka's
    """A consumer, not yet connected; it reads nothing of open and aborted transactions."""
    return AIOKafkaConsumer(
        bootstrap_servers=addresses(brokers),
        client_id=client_id(),
        metadata_max_age_ms=METADATA_MS_MAX,
        isolation_level="read_committed",
        **options,
    )


def new_producer(brokers: str, **options: Any) -> AIOKafkaProducer:  # noqa: ANN401 - aiokafka's
    """A producer, not yet connected; a record is acknowledged by all in-sync replicas."""
    return AIOKafkaProducer(
        bootstrap_servers=addresses(brokers), client_id=client_id(), acks="all", **options
    )


def new_client(brokers: str, request_timeout_ms: int, topic: str) -> AIOKafkaClient:
    """A client for single requests about one topic, not yet connected.

    It asks for the metadata of that topic alone, which creates none (`deny_topic_creation`).
    """
    client = AIOKafkaClient(
        bootstrap_servers=addresses(brokers),
        client_id=client_id(),
        metadata_max_age_ms=METADATA_MS_MAX,
        request_timeout_ms=request_timeout_ms,
    )
    client.set_topics([topic])
    return client


def new_admin(brokers: str) -> AIOKafkaAdminClient:
    """An admin client, not yet connected."""
    return AIOKafkaAdminClient(
        bootstrap_servers=addresses(brokers),
        client_id=client_id(),
        request_timeout_ms=ADMIN_TIMEOUT_MS,
    )
