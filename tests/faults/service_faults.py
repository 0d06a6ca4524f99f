"""What befalls Kafka, Redis, and the lines between them and a worker."""

import os
import resource
import signal
import time
from random import Random
from typing import Final

from stream.cli.embedded import RedisProgram
from stream.store.scripts import ScriptName
from stream.units import HOUR_MS
from tests.components import KafkaCluster
from tests.faults.fault import FAULTS, Fault, named, one_of, pass_time
from tests.faults.held import PARTITIONS
from tests.faults.rig import SESSION_S, Rig
from tests.real.working import wait_until
from tests.redises import Cluster, Watched, info, stop_copying


def kafka_away(how: str, least_s: float, most_s: float) -> Fault:
    """The broker ends, and comes back."""

    def fault(rig: Rig, rng: Random) -> None:
        rig.kafka.stop(how)
        pass_time(rng, least_s, most_s)
        rig.kafka.start()
        rig.struck()

    return fault


FAULTS["kafka-stopped"] = kafka_away("TERM", 2, 6)
FAULTS["kafka-killed"] = kafka_away("KILL", 2, 6)


@named("kafka-cut-off")
def kafka_cut_off(rig: Rig, rng: Random) -> None:
    """A worker cannot reach Kafka for longer than its session."""
    line = f"kafka-{one_of(rig, rng)}"
    rig.lines.cut(line)
    pass_time(rng, SESSION_S + 3, SESSION_S + 6)
    rig.lines.heal(line)
    rig.struck()


@named("redis-killed-tail-lost")
def redis_tail_lost(rig: Rig, rng: Random) -> None:
    """Killed, and what was last written is not in the file: state goes back."""
    file = rig.aof()
    before = file.stat().st_size
    pass_time(rng, 0.5, 3)
    rig.redis.stop(signal.SIGKILL)
    size = file.stat().st_size
    os.truncate(file, rng.randint(min(before, size), size))
    rig.redis.start()
    rig.struck()


def redis_away(seconds: float) -> Fault:
    """Redis is stopped for so long."""

    def fault(rig: Rig, _rng: Random) -> None:
        rig.redis.stop()
        time.sleep(seconds)
        rig.redis.start(60.0)
        rig.struck()

    return fault


FAULTS["redis-away-8s"] = redis_away(8)
FAULTS["redis-away-60s"] = redis_away(60)
FAULTS["redis-away-10min"] = redis_away(600)


@named("redis-emptied")
def redis_emptied(rig: Rig, _rng: Random) -> None:
    """FLUSHALL: all is recomputed from Kafka, as configured."""
    cut = [partition for partition, start in rig.events.starts().items() if start]
    if cut:  # what is recomputed begins there
        rig.settle()
    rig.client.flushall()
    rig.read_anew(cut, abandons=False)
    rig.undisturbed.forget_archive()
    rig.pump.flow()
    rig.struck()


@named("redis-out-of-memory")
def redis_out_of_memory(rig: Rig, rng: Random) -> None:
    """noeviction: writes are refused until there is room again."""
    rig.client.config_set("maxmemory", 1)
    pass_time(rng, 3, 8)
    rig.client.config_set("maxmemory", 0)
    rig.struck()


@named("redis-disk-full")
def redis_disk_full(rig: Rig, rng: Random) -> None:
    """The append-only file cannot grow: writes are refused until it can."""
    process = rig.redis.pid
    size = rig.aof().stat().st_size
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size + 4_096, resource.RLIM_INFINITY))
    pass_time(rng, 3, 8)
    resource.prlimit(
        process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    )
    rig.struck()


@named("redis-restarted-without-scripts")
def redis_restarted(rig: Rig, rng: Random) -> None:
    """A clean restart: it knows no script any more."""
    rig.redis.stop()
    rig.redis.start()
    rig.struck()
    pass_time(rng, 0, 1)
    rig.client.script_flush()


@named("redis-slow")
def redis_slow(rig: Rig, rng: Random) -> None:
    """Each exchange with it takes 200 ms longer."""
    slots = range(len(rig.workers))
    for number in slots:
        rig.lines.slow(f"redis-{number}", 0.1)
    pass_time(rng, 4, 8)
    for number in slots:
        rig.lines.heal(f"redis-{number}")
    rig.struck()


@named("redis-cut-off")
def redis_cut_off(rig: Rig, rng: Random) -> None:
    """A worker cannot reach Redis; what it had sent may arrive much later."""
    line = f"redis-{one_of(rig, rng)}"
    rig.lines.cut(line)
    pass_time(rng, 4, 12)
    rig.lines.heal(line)
    rig.struck()


def provoke(rig: Rig, number: int, script: ScriptName) -> None:
    """Let a worker call what it calls seldom: at a start, at an end, when an hour is over."""
    if script in {"acquire", "put", "flip"}:
        rig.workers[number].end(signal.SIGTERM)
        rig.start(number)
    if script == "archive":
        rig.pump.jump(HOUR_MS)


def reply_lost(script: ScriptName) -> Fault:
    """Redis executes a call, and the reply is lost with the connection."""

    def fault(rig: Rig, rng: Random) -> None:
        number = one_of(rig, rng)
        line = f"redis-{number}"
        lost = rig.lines.lost(line)
        rig.lines.lose_reply(line, script)
        provoke(rig, number, script)
        wait_until(lambda: rig.lines.lost(line) > lost, f"a reply to {script} is lost", 60)
        rig.lines.heal(line)
        rig.struck()

    return fault


SCRIPTS: Final[tuple[ScriptName, ...]] = ("acquire", "commit", "put", "flip", "view", "archive")
for _script in SCRIPTS:
    FAULTS[f"reply-lost-{_script}"] = reply_lost(_script)


def keep_next(rig: Rig, number: int, script: ScriptName) -> None:
    """Wait until a worker's call of a script comes by, and copy it."""
    line = f"redis-{number}"
    rig.lines.keep_next(line, script)
    provoke(rig, number, script)
    wait_until(lambda: rig.lines.has_kept(line), f"{script} is called")


def call_repeated_late(script: ScriptName) -> Fault:
    """A call comes to Redis again when newer ones have been executed."""

    def fault(rig: Rig, rng: Random) -> None:
        number = one_of(rig, rng)
        keep_next(rig, number, script)
        pass_time(rng, 1.0, 2.5)
        rig.pump.pause()  # nothing that comes after the call could cover it
        pass_time(rng, 2.0, 3.0)
        rig.lines.send_kept(f"redis-{number}")
        rig.struck()

    return fault


def call_of_the_dead(script: ScriptName) -> Fault:
    """A worker dies; others have its floors and are done when a call of its comes to Redis."""

    def fault(rig: Rig, rng: Random) -> None:
        number = one_of(rig, rng)
        epochs = rig.held.epochs()
        keep_next(rig, number, script)
        pass_time(rng, 1.0, 2.5)
        rig.pump.pause()
        rig.kill(number)
        if not rig.running:
            rig.start(number)
        wait_until(lambda: rig.held.epochs() != epochs, "others take its floors")
        rig.await_ready()  # what they have yet to write would cover the call
        pass_time(rng, 2.0, 3.0)
        rig.lines.send_kept(f"redis-{number}")
        rig.struck()

    return fault


for _script in SCRIPTS:
    FAULTS[f"call-repeated-late-{_script}"] = call_repeated_late(_script)
OF_THE_DEAD: Final[tuple[ScriptName, ...]] = ("commit", "view", "archive")
for _script in OF_THE_DEAD:
    FAULTS[f"call-of-the-dead-{_script}"] = call_of_the_dead(_script)


# What befalls several brokers, and several servers of Redis.


@named("broker-killed")
def broker_killed(rig: Rig, rng: Random) -> None:
    """One of three brokers dies under load, and comes back."""
    assert isinstance(rig.services.kafka, KafkaCluster)
    broker = rng.choice(list(rig.services.kafka.nodes.values()))
    broker.stop("KILL")
    pass_time(rng, 2, 6)
    broker.start()
    rig.struck()


@named("redis-failed-over-tail-lost")
def redis_failed_over(rig: Rig, rng: Random) -> None:
    """A primary dies, and its replica replaces it without the last writes."""
    redis = rig.services.redis
    assert not isinstance(redis, RedisProgram)
    primaries = len(primaries_of(redis))
    if isinstance(redis, Cluster):
        dying = redis.primary_of(rig.held.shard(rng.randrange(PARTITIONS)))
    else:
        dying = redis.primary()
    stop_copying(dying)
    pass_time(rng, 1, 3)
    dying.stop(signal.SIGKILL)
    wait_until(lambda: len(primaries_of(redis)) >= primaries, "a replica takes over")
    rig.struck()
    dying.start()  # it becomes a replica of the one that took its place


def primaries_of(redis: Cluster | Watched) -> list[RedisProgram]:
    """The servers that take writes."""
    return [each for each in redis.servers if info(each).get("role") == "master"]


SEVERAL: Final = ("broker-killed", "redis-failed-over-tail-lost", "election-unclean")
"""These need several brokers and servers."""
OF_ONE: Final = ("kafka-", "redis-", "reply-", "call-")
"""Other faults with such names need one of each, and lines to it."""
