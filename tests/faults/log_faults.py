"""What befalls the logs themselves: made again, cut at the end, cut at the start."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from stream.units import MINUTE_MS
from tests.components import Kafka, KafkaCluster
from tests.faults.fault import named, one_of
from tests.faults.ghosts import ghosts
from tests.faults.held import PARTITIONS
from tests.faults.rig import Rig
from tests.real.working import wait_until

LOST: Final = 100
"""Records of each partition."""
DAMAGED_BYTES: Final = 10
LOST_METRIC: Final = "floorwatch_records_lost_total{"


def admin_of(rig: Rig) -> Any:
    """A client for topics."""
    return AdminClient({"bootstrap.servers": rig.services.kafka.address, "log_level": 0})


def leaders(admin: Any, topic: str) -> dict[int, int]:
    """By partition, the id of the broker that leads it, -1 for none; empty: there is no topic."""
    try:
        found = admin.list_topics(timeout=10).topics.get(topic)
    except KafkaException:  # brokers that elect their controller
        return {}
    return {} if found is None else {p: one.leader for p, one in found.partitions.items()}


def make_again(rig: Rig, replicas: Sequence[Sequence[int]] | None = None) -> None:
    """Delete the settled topic of the events, and create it anew.

    Args:
        replicas: by partition, the ids of the brokers that have it; None: as Kafka likes.
    """
    admin = admin_of(rig)
    admin.delete_topics([rig.topic])[rig.topic].result(30)
    wait_until(
        lambda: rig.topic not in admin.list_topics(timeout=10).topics, "it is deleted", every_s=0.1
    )
    how: dict[str, Any] = {"replication_factor": rig.services.copies}
    options = rig.topic_options
    if replicas is not None:
        how, options = {"replica_assignment": replicas}, options | {"min.insync.replicas": "1"}
    topic = NewTopic(rig.topic, PARTITIONS, config=options, **how)
    admin.create_topics([topic])[rig.topic].result(30)
    await_leaders(rig, admin, range(PARTITIONS))
    rig.pump.renew()
    rig.read_anew(range(PARTITIONS), abandons=True)


def await_leaders(
    rig: Rig, admin: Any, partitions: Iterable[int], allowed: Collection[int] = ()
) -> None:
    """Wait until partitions have leaders, of some brokers."""

    def have_leaders() -> bool:
        now = leaders(admin, rig.topic)
        found = [now.get(partition, -1) for partition in partitions]
        return all(one in allowed if allowed else one >= 0 for one in found)

    wait_until(have_leaders, "the partitions have leaders", every_s=0.1)


def begin_anew(rig: Rig, rng: Random) -> None:
    """Let the traffic flow into the new logs; with a little or with more than the old ones had."""
    rig.struck()
    rig.pump.jump(rng.choice((0, 1, 20)) * MINUTE_MS)
    rig.pump.flow()


@named("topic-made-again-running")
def made_again_running(rig: Rig, rng: Random) -> None:
    """The topic is deleted and created under running workers."""
    one_of(rig, rng)
    rig.settle()
    make_again(rig)
    begin_anew(rig, rng)


@named("topic-made-again-stopped")
def made_again_stopped(rig: Rig, rng: Random) -> None:
    """The topic is deleted and created while no worker runs."""
    one_of(rig, rng)
    rig.settle()
    running = rig.running
    end = rng.choice((rig.end, rig.kill))
    for number in running:
        end(number)
    make_again(rig)
    begin_anew(rig, rng)
    for number in running:
        rig.start(number)


@named("kafka-tail-lost")
def tail_lost(rig: Rig, rng: Random) -> None:
    """The broker loses records that workers have applied; others take their offsets."""
    one_of(rig, rng)
    rig.settle()
    rig.pump.send(ghosts(rig, LOST, range(PARTITIONS)))
    rig.settle()
    rig.kafka.stop("KILL")
    for partition in range(PARTITIONS):
        damage(newest_segment(rig.kafka, f"{rig.topic}-{partition}"))
    rig.kafka.start()
    await_leaders(rig, admin_of(rig), range(PARTITIONS))
    rig.pump.renew()
    rig.read_anew(range(PARTITIONS), abandons=True)
    begin_anew(rig, rng)


def newest_segment(kafka: Kafka, folder: str) -> Path:
    """Where a partition's newest records are."""
    return max(one for one in kafka.directory.rglob(f"{folder}/*.log") if one.stat().st_size)


def damage(segment: Path) -> None:
    """Cut the last bytes off, so that the broker drops the last batch when it starts."""
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - DAMAGED_BYTES)


@named("election-unclean")
def election_unclean(rig: Rig, rng: Random) -> None:
    """A broker that had missed records becomes leader, since those that had them are down.

    Of a topic with two copies: the follower is down while records come, then the leader dies, and
    the follower comes back.
    """
    kafka = rig.services.kafka
    assert isinstance(kafka, KafkaCluster)
    one_of(rig, rng)
    rig.settle()
    leader, follower, third = rng.sample(sorted(kafka.nodes), 3)
    pairs = [[leader, follower], [follower, third], [third, leader]]
    make_again(rig, [pairs[partition % 3] for partition in range(PARTITIONS)])
    rig.pump.jump(2 * MINUTE_MS)
    rig.settle()
    cut = list(range(0, PARTITIONS, 3))
    admin = admin_of(rig)
    kafka.nodes[follower].stop("KILL")
    await_leaders(rig, admin, range(PARTITIONS), (leader, third))
    rig.pump.send(ghosts(rig, LOST, cut))
    rig.settle()
    allow_unclean(rig, admin, "true")
    kafka.nodes[leader].stop("KILL")
    kafka.nodes[follower].start()
    await_leaders(rig, admin, range(PARTITIONS), (follower, third))
    kafka.nodes[leader].start()
    allow_unclean(rig, admin, "false")
    rig.pump.renew()
    rig.read_anew(cut, abandons=True)
    begin_anew(rig, rng)


def allow_unclean(rig: Rig, admin: Any, allowed: str) -> None:
    """Whether a broker may lead that lacks records."""
    entry = ConfigEntry(
        "unclean.leader.election.enable", allowed, incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(ResourceType.TOPIC, rig.topic, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(30)


@named("retention-passes-position")
def retention_passes(rig: Rig, rng: Random) -> None:
    """Records are removed while no worker runs: each counts once as lost, and nowhere else."""
    one_of(rig, rng)
    rig.settle()
    running = rig.running
    for number in running:
        rig.end(number)
    rig.pump.send(ghosts(rig, LOST, range(PARTITIONS)))
    rig.pump.settle()
    ends = rig.events.ends()
    places = [TopicPartition(rig.topic, p, end) for p, end in ends.items()]
    admin = admin_of(rig)  # its answers come only while it is there
    for done in admin.delete_records(places).values():
        done.result(30)
    rig.events.read_from(ends)
    for number in running:
        rig.start(number)
    rig.await_ready()
    lost = LOST * PARTITIONS
    wait_until(lambda: rig.held.offsets() == ends, "what is left is committed", every_s=0.1)
    wait_until(lambda: counted_as_lost(rig) == lost, f"{lost} records are counted as lost", 20, 0.5)
    rig.struck()
    rig.pump.flow()


def counted_as_lost(rig: Rig) -> int:
    """By all workers that run, since they were started."""
    pages = [rig.workers[number].get("/metrics")[1].decode() for number in rig.running]
    lines = [line for page in pages for line in page.splitlines()]
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith(LOST_METRIC))
