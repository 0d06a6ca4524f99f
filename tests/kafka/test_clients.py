"""What all clients have in common. tests/real shows on a broker that asking creates no topic."""

import ast
import asyncio
import os
import socket

from aiokafka.protocol.admin import DescribeGroupsRequest_v3, DescribeGroupsResponse_v3
from aiokafka.protocol.metadata import MetadataRequest, MetadataRequest_v5

from stream.kafka.clients import client_id, new_admin, new_consumer, new_producer
from tests.components import ROOT

CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient", "AIOKafkaClient"}


def made_by(source: str) -> set[str]:
    """Names of clients that a source calls."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {getattr(call, "id", getattr(call, "attr", "")) for call in calls} & CLIENTS


def test_no_request_of_any_client_lets_the_broker_create_a_topic() -> None:
    for request in (MetadataRequest(["floor-events"]), MetadataRequest(None), MetadataRequest([])):
        assert request.build(MetadataRequest_v5).allow_auto_topic_creation is False


def test_clients_are_made_in_one_place() -> None:
    found = {
        str(path.relative_to(ROOT)): made
        for path in sorted((ROOT / "stream").rglob("*.py"))
        if (made := made_by(path.read_text(encoding="utf-8")))
    }
    assert found.keys() == {"stream/kafka/clients.py"}
    assert made_by("client = AIOKafkaConsumer(topic)") == {"AIOKafkaConsumer"}


async def test_clients_carry_host_and_process_and_read_what_is_committed() -> None:
    assert client_id() == f"floorwatch-{socket.gethostname()}-{os.getpid()}"
    consumer = new_consumer("127.0.0.1:1, 127.0.0.1:2")
    producer, admin = new_producer("127.0.0.1:1"), new_admin("127.0.0.1:1")

    made = (consumer._client, producer.client, admin._client)
    assert {client._client_id for client in made} == {client_id()}
    assert consumer._client._bootstrap_servers == ["127.0.0.1:1", "127.0.0.1:2"]
    assert consumer._isolation_level == "read_committed"
    assert consumer._client._metadata_max_age_ms < 10_000
    await asyncio.gather(consumer.stop(), producer.stop(), admin.close())


def test_the_answer_that_describes_groups_is_read_by_its_own_form() -> None:
    assert DescribeGroupsRequest_v3.RESPONSE_TYPE is DescribeGroupsResponse_v3
